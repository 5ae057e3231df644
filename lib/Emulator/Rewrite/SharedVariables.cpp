// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/Support/Alignment.h"

using namespace llvm;

namespace dreamer::emulator {

namespace {

constexpr unsigned sharedSpace = 3;

/// Bytes between variables, so that running over the end of one is not running into the next.
constexpr uint64_t gapBetweenVariables = 32;

using Variables = SmallSetVector<GlobalVariable *, 8>;

/// The shared variables that `function` or what it calls mentions.
void collect(Function &function, SmallPtrSetImpl<Function *> &seen, Variables &variables) {
  if (!seen.insert(&function).second)
    return;
  for (llvm::Instruction &instruction : instructions(function)) {
    for (Value *operand : instruction.operands())
      if (auto *variable = dyn_cast<GlobalVariable>(operand->stripInBoundsOffsets()))
        if (variable->getAddressSpace() == sharedSpace)
          variables.insert(variable);
    if (auto *call = dyn_cast<CallBase>(&instruction))
      if (Function *callee = call->getCalledFunction(); callee && !callee->isDeclaration())
        collect(*callee, seen, variables);
  }
}

struct Placed {
  uint64_t offset = 0, bytes = 0;
};

} // namespace

/// Each kernel has the variables that it uses; those of one kernel lie apart from each other.
void placeSharedVariables(Rewriter &rewriter) {
  SmallVector<Constant *> all;
  for (GlobalVariable &variable : rewriter.module.globals())
    if (variable.getAddressSpace() == sharedSpace)
      all.push_back(&variable);
  convertUsersOfConstantsToInstructions(all);
  SmallVector<Variables> used;
  for (Kernel &kernel : rewriter.result.kernels) {
    SmallPtrSet<Function *, 8> seen;
    used.emplace_back();
    collect(*rewriter.module.getFunction(kernel.name), seen, used.back());
  }
  uint64_t gap = rewriter.options.check ? gapBetweenVariables : 0;
  MapVector<GlobalVariable *, Placed> places;
  auto sizeOf = [&](GlobalVariable *variable) {
    return rewriter.layout.getTypeAllocSize(variable->getValueType()).getFixedValue();
  };
  for (Constant *constant : all) {
    auto *variable = cast<GlobalVariable>(constant);
    if (sizeOf(variable) == 0)
      continue; // the dynamic part
    uint64_t alignment = std::max<uint64_t>(variable->getAlign().valueOrOne().value(), 8);
    uint64_t end = 0;
    for (const Variables &together : used)
      if (together.contains(variable))
        for (GlobalVariable *other : together)
          if (auto found = places.find(other); found != places.end())
            end = std::max(end, found->second.offset + found->second.bytes + gap);
    places[variable] = {alignTo(end, alignment), sizeOf(variable)};
  }
  // The dynamic part begins behind all variables of the kernels that have one, no better aligned
  // than the module asks: a kernel that hopes for more is found out.
  uint64_t dynamicOffset = 0;
  for (auto [kernel, together] : zip(rewriter.result.kernels, used)) {
    uint64_t end = 0, alignment = 16;
    bool hasDynamic = false;
    for (GlobalVariable *variable : together) {
      if (auto found = places.find(variable); found != places.end()) {
        const Placed &place = found->second;
        kernel.sharedVariables.push_back(
            {variable->getName().str(), uint32_t(place.offset), uint32_t(place.bytes)});
        kernel.staticSharedBytes += place.bytes;
        end = std::max(end, place.offset + place.bytes + gap);
      } else {
        hasDynamic = true;
        alignment = std::max<uint64_t>(alignment, variable->getAlign().valueOrOne().value());
      }
    }
    kernel.dynamicSharedOffset = alignTo(end, alignment);
    if (hasDynamic)
      dynamicOffset = alignTo(std::max<uint64_t>(dynamicOffset, end), alignment);
  }
  for (auto [kernel, together] : zip(rewriter.result.kernels, used))
    if (any_of(together, [&](GlobalVariable *variable) { return sizeOf(variable) == 0; }))
      kernel.dynamicSharedOffset = dynamicOffset;
  for (Constant *constant : all) {
    auto *variable = cast<GlobalVariable>(constant);
    bool isDynamic = sizeOf(variable) == 0;
    uint64_t offset = isDynamic ? dynamicOffset : places[variable].offset;
    variable->replaceAllUsesWith(
        ConstantExpr::getIntToPtr(ConstantInt::get(rewriter.i64, offset), variable->getType()));
    variable->eraseFromParent();
  }
}

} // namespace dreamer::emulator

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of type x86_amx become 1 KiB of stack each, calls of intrinsics calls of the functions in
// EmulatedInstructions.h.

#include "lib/Target/X86/Emulate.h"
#include "lib/Target/X86/EmulatedInstructions.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;

namespace {

constexpr uint64_t tileBytes = 1024;

/// The function that does what an intrinsic does; "" for those that stay.
StringRef replacementOf(Intrinsic::ID id) {
  switch (id) {
  case Intrinsic::x86_avx512bf16_dpbf16ps_512:
    return "dreamer.dpbf16ps";
  case Intrinsic::x86_tilezero_internal:
    return "dreamer.tile_zero";
  case Intrinsic::x86_tileloadd64_internal:
    return "dreamer.tile_load";
  case Intrinsic::x86_tilestored64_internal:
    return "dreamer.tile_store";
  case Intrinsic::x86_tdpbf16ps_internal:
    return "dreamer.tile_dpbf16ps";
  default:
    return "";
  }
}

/// One function.
class Emulation {
public:
  explicit Emulation(Function &function) : function(function), builder(function.getContext()) {}

  Error run() {
    std::vector<IntrinsicInst *> calls;
    std::vector<PHINode *> joins;
    for (Instruction &instruction : instructions()) {
      auto *call = dyn_cast<IntrinsicInst>(&instruction);
      auto *join = dyn_cast<PHINode>(&instruction);
      if (call && !replacementOf(call->getIntrinsicID()).empty())
        calls.push_back(call);
      else if (join && isTile(join))
        joins.push_back(join);
      else if (isTile(&instruction))
        return createStringError("expected tiles of AMX from tile_zero, tile_load, tile_mulf and "
                                 "branches, found another operation in '" +
                                 function.getName() + "'");
    }
    for (IntrinsicInst *call : calls)
      replace(*call);
    for (PHINode *join : joins)
      replace(*join);
    for (IntrinsicInst *call : calls)
      erase(call);
    for (PHINode *join : joins)
      erase(join);
    return Error::success();
  }

private:
  static bool isTile(const Value *value) { return value->getType()->isX86_AMXTy(); }

  std::vector<std::reference_wrapper<Instruction>> instructions() {
    std::vector<std::reference_wrapper<Instruction>> all;
    for (BasicBlock &block : function)
      for (Instruction &instruction : block)
        all.emplace_back(instruction);
    return all;
  }

  AllocaInst *newTile() {
    IRBuilder<> entry(&*function.getEntryBlock().getFirstInsertionPt());
    AllocaInst *tile = entry.CreateAlloca(ArrayType::get(entry.getInt8Ty(), tileBytes));
    tile->setAlignment(Align(64));
    return tile;
  }

  Value *tileOf(Value *value) {
    AllocaInst *&tile = tiles[value];
    if (!tile)
      tile = newTile();
    return tile;
  }

  void copy(Value *to, Value *from) {
    builder.CreateMemCpy(to, Align(64), from, Align(64), tileBytes);
  }

  /// Tiles become pointers, a tile that is the result a first argument.
  void replace(IntrinsicInst &call) {
    builder.SetInsertPoint(&call);
    SmallVector<Value *> arguments;
    Type *result = call.getType();
    if (isTile(&call)) {
      arguments.push_back(tileOf(&call));
      result = builder.getVoidTy();
    }
    for (Value *argument : call.args())
      arguments.push_back(isTile(argument) ? tileOf(argument) : argument);
    SmallVector<Type *> types;
    for (Value *argument : arguments)
      types.push_back(argument->getType());
    FunctionCallee callee = function.getParent()->getOrInsertFunction(
        replacementOf(call.getIntrinsicID()), FunctionType::get(result, types, false));
    Value *value = builder.CreateCall(callee, arguments);
    if (!isTile(&call) && !result->isVoidTy())
      call.replaceAllUsesWith(value);
  }

  /// Each predecessor leaves its tile in memory of the join, which takes it from there: joins of one
  /// block do not see each other's new values.
  void replace(PHINode &join) {
    AllocaInst *arriving = newTile();
    for (unsigned i = 0; i < join.getNumIncomingValues(); ++i) {
      builder.SetInsertPoint(join.getIncomingBlock(i)->getTerminator());
      copy(arriving, tileOf(join.getIncomingValue(i)));
    }
    builder.SetInsertPoint(&*join.getParent()->getFirstInsertionPt());
    copy(tileOf(&join), arriving);
  }

  static void erase(Instruction *instruction) {
    if (!instruction->getType()->isVoidTy())
      instruction->replaceAllUsesWith(PoisonValue::get(instruction->getType()));
    instruction->eraseFromParent();
  }

  Function &function;
  IRBuilder<> builder;
  DenseMap<Value *, AllocaInst *> tiles;
};

/// Adds those of the functions that are called.
Error addInstructions(Module &module) {
  SMDiagnostic problem;
  std::unique_ptr<Module> library =
      parseAssemblyString(dreamer::emulatedInstructions, problem, module.getContext());
  if (!library)
    return createStringError("internal error: " + problem.getMessage());
  library->setDataLayout(module.getDataLayout());
  library->setTargetTriple(module.getTargetTriple());
  std::vector<std::string> names;
  for (Function &function : *library)
    if (!function.isDeclaration())
      names.push_back(function.getName().str());
  if (Linker::linkModules(module, std::move(library), Linker::LinkOnlyNeeded))
    return createStringError("internal error: cannot link the emulated instructions");
  for (const std::string &name : names)
    if (Function *function = module.getFunction(name))
      function->setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}

} // namespace

Error dreamer::emulateNarrowProducts(Module &module) {
  for (Function &function : module)
    if (!function.isDeclaration())
      if (Error error = Emulation(function).run())
        return error;
  return addInstructions(module);
}

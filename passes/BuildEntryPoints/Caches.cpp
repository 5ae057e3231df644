// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds what decoding keeps of earlier positions, and names it.

#include "passes/BuildEntryPoints/Caches.h"
#include "passes/Support/Recur.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace dreamer;

/// The name of the argument of @forward that `value` is: as it is, as a slice of a loop, as the
/// first of a stack. Of a stack's names ("stem.0.norm1.weight") the index is dropped, since what
/// is named after it stands for all entries.
static std::string parameterName(Model &model, Value value) {
  bool stacked = false;
  if (auto slice = dyn_cast<BlockArgument>(value)) {
    auto recur = dyn_cast<RecurOp>(slice.getOwner()->getParentOp());
    unsigned first = recur ? 1 + recur.getInits().size() : 0;
    if (recur && slice.getArgNumber() >= first)
      value = recur.getSlices()[slice.getArgNumber() - first];
  }
  if (auto stack = value.getDefiningOp<StackOp>(); stack && !stack.getParts().empty()) {
    value = stack.getParts().front();
    stacked = true;
  }
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &model.body())
    return "";
  StringRef name = model.argumentName(argument.getArgNumber());
  if (!stacked)
    return name.str();
  auto [block, rest] = name.split('.');
  auto [index, suffix] = rest.split('.');
  return (block + "." + suffix).str();
}

/// The layer that `op` belongs to: what comes before the operation's name in the name of the
/// parameter nearest behind `value` ("core.sequence_attention.k_proj.weight": core).
static std::string layerOf(Model &model, Operation *op, Value value) {
  std::string part = ("." + op->getName().stripDialect() + ".").str();
  llvm::SetVector<Value> behind;
  behind.insert(value);
  for (unsigned i = 0; i < behind.size(); ++i) {
    std::string name = parameterName(model, behind[i]);
    if (size_t at = name.find(part); at != std::string::npos)
      return name.substr(0, at);
    if (Operation *definition = behind[i].getDefiningOp())
      behind.insert(definition->operand_begin(), definition->operand_end());
  }
  return "layer";
}

FailureOr<std::vector<Cache>> dreamer::findCaches(Model &model, Type element) {
  std::vector<Cache> caches;
  llvm::StringSet<> names;
  llvm::DenseSet<Value> seen;
  WalkResult result = model.forward->walk<WalkOrder::PreOrder>([&](DecodableOpInterface op) {
    auto loop = dyn_cast<RecurOp>(op->getParentOp());
    for (auto [value, suffix] : op.getCachedOperands()) {
      if (!seen.insert(value).second)
        continue;
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || type.getRank() != 3 || !type.getElementType().isF32() ||
          (loop ? loop->getParentOp() : op->getParentOp()) != model.forward) {
        op->emitOpError(
            "expected keys and values f32 [B, T, F] in @forward or in a loop of it, to be "
            "cached for decoding; found ")
            << value.getType();
        return WalkResult::interrupt();
      }
      std::string layer = layerOf(model, op, value);
      std::string name = (layer + ".cache." + suffix).str();
      for (unsigned i = 1; !names.insert(name).second; ++i)
        name = (layer + "." + Twine(i) + ".cache." + suffix).str();
      RankedTensorType stacked = stackedType(type, loop ? loop.getBound() : 1);
      caches.push_back({name, value, loop, stacked.clone(element)});
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return caches;
}

Value dreamer::asCached(OpBuilder &builder, Value value, const Cache &cache) {
  auto type = cast<RankedTensorType>(value.getType());
  RankedTensorType cached = type.clone(cache.type.getElementType());
  if (type == cached)
    return value;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(value);
  return CastOp::create(builder, value.getLoc(), cached, value);
}

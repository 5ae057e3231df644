// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forward propagation of activity; loops are iterated until nothing new is found.

#include "passes/Differentiate/Activity.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace dreamer;

Activity::Activity(Block &block, ValueRange wrt) {
  for (Value value : wrt)
    mark(value);
  propagate(block);
}

bool Activity::mark(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  return type && isa<FloatType>(type.getElementType()) && active.insert(value).second;
}

void Activity::propagate(Block &block) {
  for (Operation &op : block) {
    if (auto recur = dyn_cast<RecurOp>(op)) {
      propagate(recur);
      continue;
    }
    llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), used);
    if (llvm::any_of(used, [&](Value value) { return isActive(value); }))
      for (Value result : op.getResults())
        mark(result);
  }
}

void Activity::propagate(RecurOp recur) {
  auto markAll = [this](ValueRange from, ValueRange to) {
    bool changed = false;
    for (auto [source, target] : llvm::zip_equal(from, to))
      if (isActive(source))
        changed |= mark(target);
    return changed;
  };
  YieldOp yield = recur.getYield();
  SmallVector<Value> carried(recur.getCarriedArguments());
  markAll(recur.getSlices(), SmallVector<Value>(recur.getSliceArguments()));
  markAll(recur.getInits(), carried);
  do
    propagate(recur.getBody().front());
  while (markAll(yield.getCarried(), carried));
  markAll(carried, recur.getCarriedResults());
  markAll(yield.getStacked(), recur.getStackedResults());
}

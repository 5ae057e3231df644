// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/Timeline.h"
#include "passes/Schedule/Signature.h"

using namespace mlir;
using namespace dreamer;

std::optional<View> dreamer::viewOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto recur = dyn_cast<RecurOp>(argument.getOwner()->getParentOp());
    unsigned first = recur ? 1 + recur.getInits().size() : 0;
    if (!recur || argument.getArgNumber() < first)
      return std::nullopt;
    return View{recur.getSlices()[argument.getArgNumber() - first], 0, recur.getIndex(),
                bytesOf(value.getType())};
  }
  if (auto slot = value.getDefiningOp<SlotOp>())
    return View{slot.getStack(), 0, slot.getSlot(), bytesOf(value.getType())};
  if (auto unstack = value.getDefiningOp<UnstackOp>())
    return View{unstack.getStack(),
                int64_t(cast<OpResult>(value).getResultNumber()) * bytesOf(value.getType())};
  // What is split or merged along its first dimension lies where it lay.
  if (auto split = value.getDefiningOp<SplitOp>(); split && split.getAxis() == 0)
    return View{split.getX(), 0};
  if (auto merge = value.getDefiningOp<MergeOp>(); merge && merge.getAxis() == 0)
    return View{merge.getStack(), 0};
  return std::nullopt;
}

bool dreamer::isMadeInPlace(OpOperand &operand) {
  auto recur = dyn_cast<RecurOp>(operand.getOwner());
  if (!recur)
    return false;
  MutableOperandRange inits = recur.getInitsMutable();
  bool isInit = llvm::any_of(inits, [&](OpOperand &init) { return &init == &operand; });
  return isInit && isa_and_nonnull<ZeroOp, HistoryOp>(operand.get().getDefiningOp());
}

Timeline::Timeline(func::FuncOp function) { number(function.getBody().front()); }

void Timeline::number(Block &block) {
  for (Operation &op : block) {
    begin[&op] = ++now;
    if (auto recur = dyn_cast<RecurOp>(op)) {
      number(recur.getBody().front());
      ++now;
      // What a step yields is read when the step ends.
      begin[recur.getYield()] = now;
    }
    end[&op] = now;
  }
}

int64_t Timeline::definition(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return at(argument.getOwner()->getParentOp());
  auto recur = value.getDefiningOp<RecurOp>();
  if (recur && cast<OpResult>(value).getResultNumber() < recur.getInits().size())
    return endOf(recur);
  return at(value.getDefiningOp());
}

int64_t Timeline::useTime(Value root, OpOperand &use) const {
  Operation *owner = use.getOwner();
  Operation *ancestor = root.getParentRegion()->findAncestorOpInRegion(*owner);
  if (ancestor != owner)
    return endOf(ancestor);
  if (auto recur = dyn_cast<RecurOp>(owner)) {
    auto slices = recur.getSlicesMutable();
    if (llvm::any_of(slices, [&](OpOperand &slice) { return &slice == &use; }))
      return endOf(owner);
  }
  return at(owner);
}

void Timeline::extend(Value root, Value value, int64_t &last) const {
  for (OpOperand &use : value.getUses()) {
    if (isMadeInPlace(use))
      continue;
    last = std::max(last, useTime(root, use));
    auto follow = [&](ValueRange values) {
      for (Value candidate : values)
        if (auto view = viewOf(candidate); view && view->base == value)
          extend(root, candidate, last);
    };
    follow(use.getOwner()->getResults());
    if (auto recur = dyn_cast<RecurOp>(use.getOwner()))
      follow(recur.getBody().getArguments());
  }
}

int64_t Timeline::lastUse(Value value) const {
  int64_t last = definition(value);
  extend(value, value, last);
  return last;
}

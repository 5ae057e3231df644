// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reverse loop of a loop over depth.

#include "mlir/Transforms/RegionUtils.h"
#include "passes/Differentiate/ReverseScope.h"
#include "passes/Support/Recur.h"

using namespace mlir;
using namespace dreamer;

StepScope::StepScope(ReverseScope &outer, RecurOp recur)
    : ReverseScope(recur.getBody().front(), OpBuilder(recur.getContext()), outer.activity,
                   outer.recompute),
      outer(outer), recur(recur), loc(recur.getLoc()) {
  body.emplaceBlock();
  builder.setInsertionPointToEnd(&body.front());
  index = addArgument(builder.getIndexType());
}

LogicalResult StepScope::build() {
  open();
  if (failed(reverse()))
    return failure();
  SmallVector<Value> slicesWithCotangent;
  close(slicesWithCotangent);
  eraseUnused();
  keepSaved();
  RecurOp reversed = create();

  // Sums of values from outside started with the outer sums, so they replace these; the
  // cotangents of initial values and of slices add to them.
  auto results = llvm::zip(carried, reversed.getCarriedResults());
  for (auto [value, result] : results)
    if (!owns(value.forward))
      outer.cotangents[value.forward] = result;
  for (auto [value, result] : results)
    if (owns(value.forward))
      outer.accumulate(recur.getInits()[cast<BlockArgument>(value.forward).getArgNumber() - 1],
                       result);
  for (auto [slice, result] : llvm::zip_equal(slicesWithCotangent, reversed.getStackedResults()))
    outer.accumulate(slice, result);
  return success();
}

Value StepScope::addSlice(Value stack, Value saved, Type type) {
  slices.push_back({stack, saved, addArgument(type)});
  return slices.back().argument;
}

Value StepScope::addCarried(Value forward, Value init) {
  carried.push_back({forward, init, addArgument(init.getType())});
  return carried.back().argument;
}

Value StepScope::startSum(Value value) {
  Value init = outer.sumOf(value);
  return addCarried(value, init ? init : outer.zero(loc, value.getType()));
}

llvm::BitVector StepScope::findLive() {
  YieldOp yield = recur.getYield();
  unsigned count = recur.getInits().size();
  llvm::BitVector live(count);
  for (auto [i, result] : llvm::enumerate(recur.getCarriedResults()))
    live[i] = bool(outer.cotangent(result));

  for (bool changed = true; changed;) {
    llvm::SetVector<Value> reached;
    for (unsigned i : live.set_bits())
      reached.insert(yield.getCarried()[i]);
    for (auto [value, result] : llvm::zip_equal(yield.getStacked(), recur.getStackedResults()))
      if (outer.cotangent(result))
        reached.insert(value);
    for (Operation &op : llvm::reverse(forward)) {
      if (llvm::none_of(op.getResults(), [&](Value result) { return reached.contains(result); }))
        continue;
      llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), used);
      for (Value value : used)
        if (activity.isActive(value))
          reached.insert(value);
    }
    changed = false;
    for (auto [i, argument] : llvm::enumerate(recur.getCarriedArguments()))
      if (!live[i] && reached.contains(argument) && activity.isActive(argument))
        live[i] = changed = true;
  }
  return live;
}

/// Gives the reverse loop the cotangents that it starts from.
void StepScope::open() {
  YieldOp yield = recur.getYield();
  llvm::BitVector live = findLive();
  for (unsigned i : live.set_bits()) {
    Value result = recur.getCarriedResults()[i];
    Value init = outer.cotangent(result);
    Value argument =
        addCarried(recur.getCarriedArguments()[i], init ? init : outer.zero(loc, result.getType()));
    accumulate(yield.getCarried()[i], argument);
  }
  for (auto [value, result] : llvm::zip_equal(yield.getStacked(), recur.getStackedResults()))
    if (Value stack = outer.cotangent(result))
      accumulate(value, addSlice(stack, {}, value.getType()));
}

/// Ends the reverse step: yields what the cotangents have become and, stacked, those of slices.
void StepScope::close(SmallVectorImpl<Value> &slicesWithCotangent) {
  SmallVector<Value> next, stacked;
  for (const Carried &value : carried) {
    Value sum = cotangents.lookup(value.forward);
    next.push_back(sum ? sum : zero(loc, value.forward.getType()));
  }
  for (auto [slice, argument] : llvm::zip_equal(recur.getSlices(), recur.getSliceArguments()))
    if (Value sum = cotangents.lookup(argument)) {
      stacked.push_back(sum);
      slicesWithCotangent.push_back(slice);
    }
  YieldOp::create(builder, loc, next, stacked);
}

/// Erases what only constants' cotangents were made of, and forgets the slices for it.
void StepScope::eraseUnused() {
  eraseDeadOps(body.front());
  llvm::erase_if(slices, [](const Slice &slice) { return slice.argument.use_empty(); });
}

/// Gives the forward loop the stacked results that the reverse step reads.
void StepScope::keepSaved() {
  SmallVector<Value> stacked(recur.getYield().getStacked()), added;
  for (const Slice &slice : slices)
    if (slice.saved && !llvm::is_contained(stacked, slice.saved)) {
      stacked.push_back(slice.saved);
      added.push_back(slice.saved);
    }
  if (!added.empty()) {
    RecurOp extended = addStackedResults(recur, added);
    outer.replaced(recur, extended);
    recur.erase();
    recur = extended;
  }
  for (Slice &slice : slices)
    if (slice.saved) {
      auto at = llvm::find(stacked, slice.saved) - stacked.begin();
      slice.stack = outer.primal(recur.getStackedResults()[at]);
    }
}

RecurOp StepScope::create() {
  // The step's arguments were added as they were asked for; now they get their order.
  SmallVector<Value> inits, stacks;
  Region step;
  Block &block = step.emplaceBlock();
  auto order = [&](Value argument) {
    argument.replaceAllUsesWith(block.addArgument(argument.getType(), loc));
  };
  order(index);
  for (const Carried &value : carried) {
    inits.push_back(value.init);
    order(value.argument);
  }
  for (const Slice &slice : slices) {
    stacks.push_back(slice.stack);
    order(slice.argument);
  }
  block.getOperations().splice(block.end(), body.front().getOperations());

  Value depth = recur.getDepth() ? outer.primal(recur.getDepth()) : Value();
  RecurOp reversed = createRecur(outer.builder, loc, depth, inits, stacks, recur.getBound(),
                                 !recur.getReverse(), std::move(step));
  reversed->setDiscardableAttrs(recur->getDiscardableAttrDictionary());
  return reversed;
}

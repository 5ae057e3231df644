// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Building and rebuilding loops over depth.

#include "passes/Support/Recur.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace dreamer;

RankedTensorType dreamer::stackedType(Type type, int64_t entries) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape{entries};
  llvm::append_range(shape, tensor.getShape());
  return tensor.clone(shape);
}

RankedTensorType dreamer::entryType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.clone(tensor.getShape().drop_front());
}

RecurOp dreamer::createRecur(OpBuilder &builder, Location loc, Value depth, ValueRange inits,
                             ValueRange slices, int64_t bound, bool reverse, Region &&body) {
  SmallVector<Type> types(inits.getTypes());
  for (Value value : cast<YieldOp>(body.front().getTerminator()).getStacked())
    types.push_back(stackedType(value.getType(), bound));
  auto recur = RecurOp::create(builder, loc, types, depth, inits, slices, bound, reverse);
  recur.getBody().takeBody(body);
  return recur;
}

RecurOp dreamer::addStackedResults(RecurOp recur, ValueRange values) {
  YieldOp yield = recur.getYield();
  OpBuilder builder(yield);
  SmallVector<Value> stacked(yield.getStacked());
  llvm::append_range(stacked, values);
  YieldOp::create(builder, yield.getLoc(), yield.getCarried(), stacked);
  yield.erase();

  builder.setInsertionPoint(recur);
  RecurOp extended =
      createRecur(builder, recur.getLoc(), recur.getDepth(), recur.getInits(), recur.getSlices(),
                  recur.getBound(), recur.getReverse(), std::move(recur.getBody()));
  extended->setDiscardableAttrs(recur->getDiscardableAttrDictionary());
  recur->replaceAllUsesWith(extended.getResults().take_front(recur.getNumResults()));
  return extended;
}

void dreamer::eraseDeadOps(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

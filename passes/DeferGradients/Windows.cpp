// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop over windows around the loop over a window's steps: step d is step d % size of window
// d / size, in either direction.

#include "passes/DeferGradients/Windows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/Support/Recur.h"

using namespace mlir;
using namespace dreamer;

int64_t dreamer::divisorUpTo(int64_t steps, int64_t most) {
  for (int64_t size = std::min(steps, most); size > 1; --size)
    if (steps % size == 0)
      return size;
  return 1;
}

int64_t dreamer::divisorFrom(int64_t steps, int64_t least) {
  for (int64_t size = std::max<int64_t>(least, 1); size < steps; ++size)
    if (steps % size == 0)
      return size;
  return steps;
}

/// The loop over the steps of window `window`, at the end of a body with arguments for carried values
/// and for the entries of slices.
static RecurOp createStepsOfWindow(OpBuilder &builder, RecurOp recur, int64_t size, Value window,
                                   ValueRange inits, ValueRange slices) {
  Location loc = recur.getLoc();
  Value steps;
  if (recur.getDepth())
    steps = WindowStepsOp::create(builder, loc, recur.getDepth(), window, size);
  Value sizeValue = arith::ConstantIndexOp::create(builder, loc, size);
  Value first = arith::MulIOp::create(builder, loc, window, sizeValue);
  Region body;
  body.takeBody(recur.getBody());
  RecurOp inner =
      createRecur(builder, loc, steps, inits, slices, size, recur.getReverse(), std::move(body));
  inner->setDiscardableAttrs(recur->getDiscardableAttrDictionary());
  inner->setAttr(attribute::window, builder.getUnitAttr());

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&inner.getBody().front());
  auto step = arith::AddIOp::create(builder, loc, first, inner.getIndex());
  inner.getIndex().replaceAllUsesExcept(step, step);
  return inner;
}

RecurOp dreamer::cutIntoWindows(RecurOp recur, int64_t size) {
  Location loc = recur.getLoc();
  OpBuilder builder(recur);
  int64_t count = recur.getBound() / size;
  Value depth;
  if (recur.getDepth())
    depth = WindowCountOp::create(builder, loc, recur.getDepth(), size);
  SmallVector<Value> slices;
  for (Value slice : recur.getSlices())
    slices.push_back(SplitOp::create(builder, loc, slice, /*axis=*/0, count));

  Region body;
  Block &block = body.emplaceBlock();
  Value window = block.addArgument(builder.getIndexType(), loc);
  auto addArguments = [&](TypeRange types) {
    return llvm::map_to_vector(types,
                               [&](Type type) -> Value { return block.addArgument(type, loc); });
  };
  SmallVector<Value> inits = addArguments(recur.getInits().getTypes()), entries;
  for (Value slice : slices)
    entries.push_back(block.addArgument(entryType(slice.getType()), loc));
  RecurOp inner;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&block);
    inner = createStepsOfWindow(builder, recur, size, window, inits, entries);
    YieldOp::create(builder, loc, inner.getCarriedResults(), inner.getStackedResults());
  }
  RecurOp outer = createRecur(builder, loc, depth, recur.getInits(), slices, count,
                              recur.getReverse(), std::move(body));
  outer->setDiscardableAttrs(recur->getDiscardableAttrDictionary());
  for (auto [old, now] : llvm::zip_equal(recur.getCarriedResults(), outer.getCarriedResults()))
    old.replaceAllUsesWith(now);
  for (auto [old, now] : llvm::zip_equal(recur.getStackedResults(), outer.getStackedResults()))
    old.replaceAllUsesWith(MergeOp::create(builder, loc, now, /*axis=*/0));
  recur.erase();
  return inner;
}

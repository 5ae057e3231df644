// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop over depth, its histories, and values stacked by depth.

#include "lib/Reference/Models.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

/// Entry `d` of a stack of floats or integers.
static Tensor entryOf(const Tensor &stack, int64_t d) {
  if (auto *floats = std::get_if<Floats>(&stack))
    return floats->entry(d);
  return std::get<Ints>(stack).entry(d);
}

static void setEntryOf(Tensor &stack, int64_t d, const Tensor &value) {
  if (auto *floats = std::get_if<Floats>(&stack))
    floats->setEntry(d, std::get<Floats>(value));
  else
    std::get<Ints>(stack).setEntry(d, std::get<Ints>(value));
}

/// How many steps run: the run-time depth, in [1, bound], or the bound.
static FailureOr<int64_t> stepsOf(RecurOp op, Frame &frame) {
  int64_t bound = op.getBound();
  if (!op.getDepth())
    return bound;
  int64_t depth = frame.ints(op.getDepth())();
  if (failed(checkRange(op, "depth", depth, 1, bound)))
    return failure();
  return depth;
}

/// One step: binds the region's arguments, runs it, moves what it yields.
static LogicalResult runStep(RecurOp op, int64_t d, SmallVector<Tensor> &carried,
                             SmallVector<Tensor> &stacked, Frame &frame) {
  frame.set(op.getIndex(), d);
  for (auto [argument, value] : llvm::zip_equal(op.getCarriedArguments(), carried))
    frame.set(argument, std::move(value));
  for (auto [argument, stack] : llvm::zip_equal(op.getSliceArguments(), op.getSlices()))
    frame.set(argument, entryOf(frame.get(stack), d));
  if (failed(frame.run(op.getBody().front())))
    return failure();
  YieldOp yield = op.getYield();
  for (auto [value, yielded] : llvm::zip_equal(carried, yield.getCarried()))
    value = frame.get(yielded);
  for (auto [stack, yielded] : llvm::zip_equal(stacked, yield.getStacked()))
    setEntryOf(stack, d, frame.get(yielded));
  return success();
}

/// d = 0 .. n-1, or n-1 .. 0; entries of stacked results that no step wrote are 0, or -1.
static LogicalResult recur(RecurOp op, Frame &frame) {
  FailureOr<int64_t> steps = stepsOf(op, frame);
  if (failed(steps))
    return failure();
  SmallVector<Tensor> carried, stacked;
  for (Value init : op.getInits())
    carried.push_back(frame.get(init));
  for (Value result : op.getStackedResults())
    stacked.push_back(filled(result.getType(), 0, -1));
  for (int64_t step = 0; step < *steps; ++step)
    if (failed(runStep(op, op.getReverse() ? *steps - 1 - step : step, carried, stacked, frame)))
      return failure();
  for (auto [result, value] : llvm::zip_equal(op.getCarriedResults(), carried))
    frame.set(result, std::move(value));
  for (auto [result, value] : llvm::zip_equal(op.getStackedResults(), stacked))
    frame.set(result, std::move(value));
  return success();
}

/// The history with `value` in `slot`.
static LogicalResult append(AppendOp op, Frame &frame) {
  Floats history = frame.floats(op.getHistory());
  int64_t slot = frame.index(op.getSlot());
  if (failed(checkRange(op, "slot", slot, 0, history.dim(0) - 1)))
    return failure();
  history.setEntry(slot, frame.floats(op.getValue()));
  frame.set(op.getResult(), history);
  return success();
}

/// Slots that nothing was appended to may not be read: they hold NaN, so that reading one shows.
static LogicalResult history(HistoryOp op, Frame &frame) {
  frame.set(op.getResult(),
            Floats(shapeOf(op.getResult()), std::numeric_limits<double>::quiet_NaN()));
  return success();
}

static LogicalResult slot(SlotOp op, Frame &frame) {
  const Tensor &stack = frame.get(op.getStack());
  int64_t slot = frame.index(op.getSlot());
  if (failed(checkRange(op, "slot", slot, 0, shapeOf(stack)[0] - 1)))
    return failure();
  frame.set(op.getResult(), entryOf(stack, slot));
  return success();
}

static LogicalResult stack(StackOp op, Frame &frame) {
  Tensor result = filled(op.getResult().getType(), 0, 0);
  for (auto [i, part] : llvm::enumerate(op.getParts()))
    setEntryOf(result, i, frame.get(part));
  frame.set(op.getResult(), std::move(result));
  return success();
}

static LogicalResult unstack(UnstackOp op, Frame &frame) {
  for (auto [i, part] : llvm::enumerate(op.getParts()))
    frame.set(part, entryOf(frame.get(op.getStack()), i));
  return success();
}

/// [a, b, inner] as [b, a, inner], in the shape of `type`.
static Tensor exchanged(const Tensor &x, int64_t a, int64_t b, Type type) {
  Tensor result = filled(type, 0, 0);
  auto exchange = [&](const auto &from, auto &to) {
    int64_t inner = from.size() / (a * b);
    for (int64_t i = 0; i < a; ++i)
      for (int64_t j = 0; j < b; ++j)
        std::copy_n(from.data().begin() + (i * b + j) * inner, inner,
                    to.data().begin() + (j * a + i) * inner);
  };
  if (auto *floats = std::get_if<Floats>(&x))
    exchange(*floats, std::get<Floats>(result));
  else
    exchange(std::get<Ints>(x), std::get<Ints>(result));
  return result;
}

static LogicalResult split(SplitOp op, Frame &frame) {
  int64_t outer = elementsOf(shapeOf(op.getX()).take_front(op.getAxis()));
  frame.set(op.getResult(),
            exchanged(frame.get(op.getX()), outer, op.getParts(), op.getResult().getType()));
  return success();
}

static LogicalResult merge(MergeOp op, Frame &frame) {
  int64_t parts = shapeOf(op.getStack())[0];
  int64_t outer = elementsOf(shapeOf(op.getStack()).slice(1, op.getAxis()));
  frame.set(op.getResult(),
            exchanged(frame.get(op.getStack()), parts, outer, op.getResult().getType()));
  return success();
}

/// ceil(depth / size)
static LogicalResult windowCount(WindowCountOp op, Frame &frame) {
  int64_t size = op.getSize();
  frame.set(op.getResult(), Ints::scalar((frame.ints(op.getDepth())() + size - 1) / size));
  return success();
}

/// min(size, depth - window * size)
static LogicalResult windowSteps(WindowStepsOp op, Frame &frame) {
  int64_t size = op.getSize(), before = frame.index(op.getWindow()) * size;
  frame.set(op.getResult(), Ints::scalar(std::min(size, frame.ints(op.getDepth())() - before)));
  return success();
}

void reference::attachRecurrenceModels(MLIRContext &context) {
  attach<recur, append, history, slot, stack, unstack, split, merge, windowCount, windowSteps>(
      context);
}

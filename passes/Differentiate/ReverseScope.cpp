// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The backward walk through a block and the sums of cotangents.

#include "passes/Differentiate/ReverseScope.h"

using namespace mlir;
using namespace dreamer;

Value ReverseScope::sumOf(Value value) {
  if (Value sum = cotangents.lookup(value))
    return sum;
  if (owns(value))
    return {};
  return cotangents[value] = startSum(value);
}

void ReverseScope::accumulate(Value operand, Value cotangent) {
  if (!activity.isActive(operand))
    return;
  if (operand.getType() != cotangent.getType()) {
    emitError(cotangent.getLoc()) << "expected a cotangent of the operand's type "
                                  << operand.getType() << ", found " << cotangent.getType();
    return;
  }
  Value sum = sumOf(operand);
  cotangents[operand] =
      sum ? AddOp::create(builder, cotangent.getLoc(), sum, cotangent).getResult() : cotangent;
}

void ReverseScope::replaced(RecurOp from, RecurOp to) {
  for (auto [old, now] : llvm::zip(from.getResults(), to.getResults()))
    if (Value sum = cotangents.lookup(old)) {
      cotangents.erase(old);
      cotangents[now] = sum;
    }
}

LogicalResult ReverseScope::reverse() {
  // The reverse code of straight-line code grows in the block itself: take the list first.
  SmallVector<Operation *> operations;
  for (Operation &op : forward)
    operations.push_back(&op);
  for (Operation *op : llvm::reverse(operations)) {
    if (llvm::none_of(op->getResults(), [&](Value result) { return cotangent(result); }))
      continue;
    if (auto recur = dyn_cast<RecurOp>(op)) {
      if (failed(StepScope(*this, recur).build()))
        return failure();
    } else if (auto differentiable = dyn_cast<DifferentiableOpInterface>(op)) {
      differentiable.buildAdjoint(builder, *this);
    } else {
      return op->emitOpError("has no derivative: expected an operation that implements "
                             "DifferentiableOpInterface between the parameters and the loss");
    }
  }
  return success();
}

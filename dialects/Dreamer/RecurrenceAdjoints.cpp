// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The derivatives of the operations in RecurrenceOps.td, but for the loop itself, which
// the pass that differentiates knows.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

void AppendOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  // The slot stays as it is in the history's cotangent: steps before this one read
  // only the slots before it.
  Value dHistory = context.cotangent(getResult());
  context.accumulate(getValue(),
                     SlotOp::create(builder, getLoc(), dHistory, context.primal(getSlot())));
  context.accumulate(getHistory(), dHistory);
}

void HistoryOp::buildAdjoint(OpBuilder &, AdjointContext &) {} // gives `like` its shape only

void StackOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  auto parts = UnstackOp::create(builder, getLoc(), context.cotangent(getResult()));
  for (auto [operand, part] : llvm::zip_equal(getParts(), parts.getParts()))
    context.accumulate(operand, part);
}

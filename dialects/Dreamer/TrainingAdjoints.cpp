// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The derivatives of the losses in TrainingOps.td.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

/// Whether nothing but the mean is differentiated; else an error of `op`, a loss.
template <typename LossOp>
static bool hasOnlyMean(LossOp op, AdjointContext &context) {
  if (!context.cotangent(op.getTokenLoss()) && !context.cotangent(op.getLse()))
    return true;
  op.emitOpError("expected the loss to be the mean over targets, found that it depends on the "
                 "losses of single positions or on lse; hint: only the mean has a derivative");
  return false;
}

void CrossEntropyOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  if (!hasOnlyMean(*this, context))
    return;
  context.accumulate(
      getLogits(), CrossEntropyGradOp::create(builder, getLoc(), context.primal(getLogits()),
                                              context.primal(getTargets()),
                                              context.primal(getCount()), context.primal(getLse()),
                                              context.cotangent(getLoss()), getZLossAttr()));
}

void LinearCrossEntropyOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  if (!hasOnlyMean(*this, context))
    return;
  auto gradient = LinearCrossEntropyGradOp::create(
      builder, getLoc(), context.primal(getX()), context.primal(getWeight()),
      context.primal(getTargets()), context.primal(getCount()), context.cotangent(getLoss()),
      /*sums=*/ValueRange(), getZLossAttr(), getFullPrecisionAttr());
  context.accumulate(getX(), gradient.getDX());
  context.accumulate(getWeight(), gradient.getDWeight());
}

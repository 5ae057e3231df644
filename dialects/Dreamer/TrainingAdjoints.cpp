// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The derivative of the loss in TrainingOps.td.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

void CrossEntropyOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  if (context.cotangent(getTokenLoss()) || context.cotangent(getLse())) {
    emitOpError("expected the loss to be the mean over targets, found that it depends on the "
                "losses of single positions or on lse; hint: only the mean has a derivative");
    return;
  }
  context.accumulate(
      getLogits(), CrossEntropyGradOp::create(builder, getLoc(), context.primal(getLogits()),
                                              context.primal(getTargets()),
                                              context.primal(getCount()), context.primal(getLse()),
                                              context.cotangent(getLoss()), getZLossAttr()));
}

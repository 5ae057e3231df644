// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The derivatives of the operations in ExpertOps.td. A choice of experts is a constant:
// its ids are kept for the reverse pass and never chosen again.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

void TopKOp::buildAdjoint(OpBuilder &, AdjointContext &) {}
bool TopKOp::mayRecompute() { return false; }

void ReplayOp::buildAdjoint(OpBuilder &, AdjointContext &) {}
bool ReplayOp::mayRecompute() { return false; }

void GatesOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  context.accumulate(getScores(),
                     GatesGradOp::create(builder, getLoc(), context.primal(getScores()),
                                         context.primal(getIds()), context.cotangent(getGates())));
}

void MixExpertsOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  Value u = context.primal(getU()), ids = context.primal(getIds());
  Value dResult = context.cotangent(getResult());
  auto gradient = MixExpertsGradOp::create(builder, getLoc(), u, ids, context.primal(getGates()),
                                           context.primal(getW1()), context.primal(getW3()),
                                           context.primal(getW2()), dResult);
  context.accumulate(getU(), gradient.getDU());
  context.accumulate(getGates(), gradient.getDGates());
  // dW1 = da u^T, dW3 = db u^T, dW2 = dout (gate y)^T.
  int64_t experts = cast<ShapedType>(getW1().getType()).getDimSize(0);
  auto weights = [&](ValueRange lefts, Value right) {
    return ExpertWeightGradOp::create(builder, getLoc(), lefts, right, ids, /*sums=*/ValueRange(),
                                      experts)
        .getDWeights();
  };
  ResultRange toHidden = weights({gradient.getDA(), gradient.getDB()}, u);
  context.accumulate(getW1(), toHidden[0]);
  context.accumulate(getW3(), toHidden[1]);
  context.accumulate(getW2(), weights(dResult, gradient.getGated())[0]);
}

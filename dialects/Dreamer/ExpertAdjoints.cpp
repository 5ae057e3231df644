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

/// left^T right over the rows of each expert, for each left.
static ResultRange weightGrads(OpBuilder &builder, Location loc, ValueRange lefts, Value right,
                               Value ids, Value weight) {
  int64_t experts = cast<ShapedType>(weight.getType()).getDimSize(0);
  return ExpertWeightGradOp::create(builder, loc, lefts, right, ids, /*sums=*/ValueRange(), experts)
      .getDWeights();
}

void ExpertLinearOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  SmallVector<Value> weights, primals, cotangents;
  for (auto [weight, product] : llvm::zip_equal(getWeights(), getProducts()))
    if (Value cotangent = context.cotangent(product)) {
      weights.push_back(weight);
      primals.push_back(context.primal(weight));
      cotangents.push_back(cotangent);
    }
  Value u = context.primal(getU()), ids = context.primal(getIds());
  context.accumulate(getU(),
                     ExpertLinearGradOp::create(builder, getLoc(), primals, cotangents, ids));
  // dW = d u^T
  ResultRange gradients = weightGrads(builder, getLoc(), cotangents, u, ids, weights.front());
  for (auto [weight, gradient] : llvm::zip_equal(weights, gradients))
    context.accumulate(weight, gradient);
}

void MixExpertsOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  Value ids = context.primal(getIds()), dResult = context.cotangent(getResult());
  auto gradient =
      MixExpertsGradOp::create(builder, getLoc(), context.primal(getA()), context.primal(getB()),
                               ids, context.primal(getGates()), context.primal(getW2()), dResult);
  context.accumulate(getA(), gradient.getDA());
  context.accumulate(getB(), gradient.getDB());
  context.accumulate(getGates(), gradient.getDGates());
  // dW2 = dout (gate y)^T
  context.accumulate(
      getW2(), weightGrads(builder, getLoc(), dResult, gradient.getGated(), ids, getW2()).front());
}

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
  auto gradient = MixExpertsGradOp::create(builder, getLoc(), context.primal(getU()),
                                           context.primal(getIds()), context.primal(getGates()),
                                           context.primal(getW1()), context.primal(getW3()),
                                           context.primal(getW2()), context.cotangent(getResult()),
                                           /*sums=*/ValueRange());
  context.accumulate(getU(), gradient.getDU());
  context.accumulate(getGates(), gradient.getDGates());
  context.accumulate(getW1(), gradient.getDW1());
  context.accumulate(getW3(), gradient.getDW3());
  context.accumulate(getW2(), gradient.getDW2());
}

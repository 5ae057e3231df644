// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The derivatives of the operations in LayerOps.td.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

void EmbeddingOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  int64_t vocabulary = cast<ShapedType>(getTable().getType()).getDimSize(0);
  context.accumulate(
      getTable(), EmbeddingGradOp::create(builder, getLoc(), context.primal(getTokens()),
                                          context.cotangent(getResult()), /*sums=*/ValueRange(),
                                          builder.getI64IntegerAttr(vocabulary), getScaleAttr()));
}

void RMSNormOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  auto gradient =
      RMSNormGradOp::create(builder, getLoc(), context.primal(getX()), context.primal(getWeight()),
                            context.cotangent(getResult()), /*sums=*/ValueRange(), getEpsAttr());
  context.accumulate(getX(), gradient.getDX());
  context.accumulate(getWeight(), gradient.getDWeight());
}

void LinearOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  // y = x W^T: dx = dy W, dW = dy^T x.   Transposed, y = x W: dx = dy W^T, dW = x^T dy.
  Value dResult = context.cotangent(getResult());
  Value x = context.primal(getX());
  context.accumulate(getX(),
                     LinearOp::create(builder, getLoc(), dResult, context.primal(getWeight()),
                                      !getTranspose(), getFullPrecision()));
  Value rows = getTranspose() ? x : dResult;
  Value columns = getTranspose() ? dResult : x;
  context.accumulate(getWeight(),
                     LinearWeightGradOp::create(builder, getLoc(), rows, columns,
                                                /*sums=*/ValueRange(), getFullPrecision()));
  for (Value sum : getSums())
    context.accumulate(sum, dResult);
}

void RotaryOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  // A rotation's transpose is the rotation by the negative angle.
  context.accumulate(getX(), RotaryOp::create(builder, getLoc(), context.cotangent(getResult()),
                                              context.primal(getPosition()), getHeadDim(),
                                              getTheta(), !getInverse()));
}

void SwiGLUOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  auto gradient = SwiGLUGradOp::create(builder, getLoc(), context.primal(getA()),
                                       context.primal(getB()), context.cotangent(getResult()));
  context.accumulate(getA(), gradient.getDA());
  context.accumulate(getB(), gradient.getDB());
}

void AddOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  Value dResult = context.cotangent(getResult());
  context.accumulate(getA(), dResult);
  context.accumulate(getB(), dResult);
}

void ScaleOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  context.accumulate(
      getX(), ScaleOp::create(builder, getLoc(), context.cotangent(getResult()), getFactorAttr()));
}

void CastOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  context.accumulate(
      getX(), CastOp::create(builder, getLoc(), getX().getType(), context.cotangent(getResult())));
}

void SequenceAttentionOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  Value dResult = context.cotangent(getResult());
  if (context.cotangent(getLse())) {
    emitOpError("expected the loss to depend on the output only, found that it depends on lse; "
                "hint: lse is kept for the derivative and has none itself");
    return;
  }
  auto gradient = SequenceAttentionGradOp::create(
      builder, getLoc(), context.primal(getQ()), context.primal(getK()), context.primal(getV()),
      context.primal(getResult()), context.primal(getLse()), dResult, getHeadsAttr(),
      getKvHeadsAttr());
  context.accumulate(getQ(), gradient.getDQ());
  context.accumulate(getK(), gradient.getDK());
  context.accumulate(getV(), gradient.getDV());
}

void DepthAttentionOp::buildAdjoint(OpBuilder &builder, AdjointContext &context) {
  auto gradient = DepthAttentionGradOp::create(
      builder, getLoc(), context.primal(getQ()), context.primal(getKeys()),
      context.primal(getValues()), context.primal(getCount()), context.cotangent(getResult()),
      /*sums=*/ValueRange(), getHeadsAttr(), getKvHeadsAttr());
  context.accumulate(getQ(), gradient.getDQ());
  context.accumulate(getKeys(), gradient.getDKeys());
  context.accumulate(getValues(), gradient.getDValues());
}

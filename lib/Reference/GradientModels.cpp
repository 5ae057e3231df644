// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Adjoints of the layer operations; those of attention, of expert attention and of the losses
// stand beside their forward models.

#include "lib/Reference/Models.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

/// dtable[tokens[lead], :] += scale * dresult[lead, :]
static LogicalResult embeddingGrad(EmbeddingGradOp op, Frame &frame) {
  const Ints &tokens = frame.ints(op.getTokens());
  const Floats &dResult = frame.floats(op.getDResult());
  Floats dTable = startOfSum(op, frame, 0, op.getDTable());
  for (int64_t r = 0; r < tokens.size(); ++r) {
    if (failed(checkRange(op, "token", tokens, r, 0, dTable.dim(0) - 1)))
      return failure();
    addScaled(dTable.row(tokens.data()[r]), op.getScale().convertToDouble(), dResult.row(r));
  }
  frame.set(op.getDTable(), dTable);
  return success();
}

/// With s = 1/sqrt(mean(x^2) + eps) and n = x s: dweight += dout n,
/// dx = s (dout w - n mean(dout w n)).
static LogicalResult rmsNormGrad(RMSNormGradOp op, Frame &frame) {
  const Floats &x = frame.floats(op.getX()), &weight = frame.floats(op.getWeight()),
               &dOut = frame.floats(op.getDResult());
  int64_t c = weight.size();
  Floats dX(x.shape()), dWeight = startOfSum(op, frame, 0, op.getDWeight());
  for (int64_t run = 0; run < x.size(); run += c) {
    double squares = 0, mean = 0;
    for (int64_t i = 0; i < c; ++i)
      squares += x.data()[run + i] * x.data()[run + i];
    double s = 1 / std::sqrt(squares / c + op.getEps().convertToDouble());
    for (int64_t i = 0; i < c; ++i) {
      double n = x.data()[run + i] * s, dOutI = dOut.data()[run + i];
      dWeight(i) += dOutI * n;
      mean += dOutI * weight(i) * n / c;
    }
    for (int64_t i = 0; i < c; ++i)
      dX.data()[run + i] = s * (dOut.data()[run + i] * weight(i) - x.data()[run + i] * s * mean);
  }
  frame.set(op.getDX(), dX);
  frame.set(op.getDWeight(), dWeight);
  return success();
}

/// dW[o, i] = sum over lead of dout[lead, o] x[lead, i]
static LogicalResult linearWeightGrad(LinearWeightGradOp op, Frame &frame) {
  const Floats &dOut = frame.floats(op.getDResult()), &x = frame.floats(op.getX());
  Floats dWeight = startOfSum(op, frame, 0, op.getDWeight());
  for (int64_t r = 0; r < x.rows(); ++r) {
    for (int64_t o = 0; o < dOut.width(); ++o)
      addScaled(dWeight.row(o), dOut.row(r)[o], x.row(r));
    frame.countFlops(2 * dWeight.size());
  }
  frame.set(op.getDWeight(), dWeight);
  return success();
}

static LogicalResult swigluGrad(SwiGLUGradOp op, Frame &frame) {
  const Floats &a = frame.floats(op.getA()), &b = frame.floats(op.getB()),
               &dOut = frame.floats(op.getDResult());
  Floats dA(a.shape()), dB(b.shape());
  for (int64_t i = 0; i < a.size(); ++i) {
    dA.data()[i] = dOut.data()[i] * siluSlope(a.data()[i]) * b.data()[i];
    dB.data()[i] = dOut.data()[i] * silu(a.data()[i]);
  }
  frame.set(op.getDA(), dA);
  frame.set(op.getDB(), dB);
  return success();
}

void reference::attachGradientModels(MLIRContext &context) {
  attach<embeddingGrad, rmsNormGrad, linearWeightGrad, swigluGrad>(context);
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The losses and their adjoints.

#include "lib/Reference/Models.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

/// loss = sum over targets that are not -1 of (lse - logits[target] + z_loss lse^2) / count
template <typename LossOp>
static LogicalResult setLoss(LossOp op, const Floats &logits, Frame &frame) {
  const Ints &targets = frame.ints(op.getTargets());
  double count = frame.floats(op.getCount())(), zLoss = op.getZLoss().convertToDouble();
  double sum = 0;
  Floats tokenLoss(targets.shape()), lse(targets.shape());
  for (int64_t r = 0; r < logits.rows(); ++r) {
    int32_t target = targets.data()[r];
    if (failed(checkRange(op, "target", targets, r, -1, logits.width() - 1)))
      return failure();
    double rowLse = lse.data()[r] = logSumExp(logits.row(r));
    if (target == -1)
      continue;
    double nll = tokenLoss.data()[r] = rowLse - logits.row(r)[target];
    sum += nll + zLoss * rowLse * rowLse;
  }
  frame.set(op.getLoss(), Floats::scalar(count == 0 ? 0 : sum / count));
  frame.set(op.getTokenLoss(), tokenLoss);
  frame.set(op.getLse(), lse);
  return success();
}

/// dlogits_j = dloss / count * (p_j (1 + 2 z_loss lse) - [j = target]), p = exp(logits - lse);
/// targets are in range.
template <typename LossOp>
static Floats gradientOfLogits(LossOp op, const Floats &logits, const Floats &lse, Frame &frame) {
  const Ints &targets = frame.ints(op.getTargets());
  double count = frame.floats(op.getCount())(), dLoss = frame.floats(op.getDLoss())();
  double zLoss = op.getZLoss().convertToDouble();
  Floats dLogits(logits.shape());
  for (int64_t r = 0; r < logits.rows(); ++r) {
    int32_t target = targets.data()[r];
    if (target == -1 || count == 0)
      continue;
    double rowLse = lse.data()[r];
    for (int64_t j = 0; j < logits.width(); ++j)
      dLogits.row(r)[j] =
          dLoss / count * std::exp(logits.row(r)[j] - rowLse) * (1 + 2 * zLoss * rowLse);
    dLogits.row(r)[target] -= dLoss / count;
  }
  return dLogits;
}

/// logits[r, o] = sum_i x[r, i] W[o, i]
template <typename LossOp>
static Floats logitsOf(LossOp op, Frame &frame) {
  const Floats &x = frame.floats(op.getX()), &weight = frame.floats(op.getWeight());
  Shape shape(x.shape());
  shape.back() = weight.dim(0);
  Floats logits(shape);
  for (int64_t r = 0; r < x.rows(); ++r) {
    for (int64_t o = 0; o < weight.dim(0); ++o)
      logits.row(r)[o] = dot(x.row(r), weight.row(o));
    frame.countFlops(2 * weight.size());
  }
  return logits;
}

static LogicalResult crossEntropy(CrossEntropyOp op, Frame &frame) {
  return setLoss(op, frame.floats(op.getLogits()), frame);
}

static LogicalResult crossEntropyGrad(CrossEntropyGradOp op, Frame &frame) {
  const Floats &logits = frame.floats(op.getLogits());
  const Ints &targets = frame.ints(op.getTargets());
  for (int64_t r = 0; r < targets.size(); ++r)
    if (failed(checkRange(op, "target", targets, r, -1, logits.width() - 1)))
      return failure();
  frame.set(op.getDLogits(), gradientOfLogits(op, logits, frame.floats(op.getLse()), frame));
  return success();
}

static LogicalResult linearCrossEntropy(LinearCrossEntropyOp op, Frame &frame) {
  return setLoss(op, logitsOf(op, frame), frame);
}

/// dx = dlogits W, dW += dlogits^T x
static LogicalResult linearCrossEntropyGrad(LinearCrossEntropyGradOp op, Frame &frame) {
  Floats logits = logitsOf(op, frame);
  if (failed(setLoss(op, logits, frame)))
    return failure();
  Floats dLogits = gradientOfLogits(op, logits, frame.floats(op.getLse()), frame);
  const Floats &x = frame.floats(op.getX()), &weight = frame.floats(op.getWeight());
  Floats dX(x.shape()), dWeight = startOfSum(op, frame, 0, op.getDWeight());
  for (int64_t r = 0; r < x.rows(); ++r) {
    for (int64_t o = 0; o < weight.dim(0); ++o) {
      addScaled(dX.row(r), dLogits.row(r)[o], weight.row(o));
      addScaled(dWeight.row(o), dLogits.row(r)[o], x.row(r));
    }
    frame.countFlops(2 * 2 * weight.size());
  }
  frame.set(op.getDX(), dX);
  frame.set(op.getDWeight(), dWeight);
  return success();
}

void reference::attachLossModels(MLIRContext &context) {
  attach<crossEntropy, crossEntropyGrad, linearCrossEntropy, linearCrossEntropyGrad>(context);
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of a layer: embedding, norms, products, rotations, elementwise sums.

#include "lib/Reference/Models.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

/// The region, as if it stood in the place of the operation.
static LogicalResult fused(FusedOp op, Frame &frame) {
  Block &body = op.getBody().front();
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), op.getInputs()))
    frame.set(argument, frame.get(input));
  if (failed(frame.run(body)))
    return failure();
  for (auto [result, given] : llvm::zip_equal(op.getResults(), op.getGiven()))
    frame.set(result, frame.get(given));
  return success();
}

static LogicalResult zero(ZeroOp op, Frame &frame) {
  frame.set(op.getResult(), filled(op.getResult().getType(), 0, 0));
  return success();
}

/// result[b, t] = t
static LogicalResult positions(PositionsOp op, Frame &frame) {
  Ints result(shapeOf(op.getResult()));
  for (int64_t r = 0; r < result.rows(); ++r)
    for (int64_t t = 0; t < result.width(); ++t)
      result.row(r)[t] = t;
  frame.set(op.getResult(), result);
  return success();
}

/// result[lead, :] = scale * table[tokens[lead], :]
static LogicalResult embedding(EmbeddingOp op, Frame &frame) {
  const Ints &tokens = frame.ints(op.getTokens());
  const Floats &table = frame.floats(op.getTable());
  double scale = op.getScale().convertToDouble();
  Floats result(shapeOf(op.getResult()));
  for (int64_t r = 0; r < tokens.size(); ++r) {
    if (failed(checkRange(op, "token", tokens, r, 0, table.dim(0) - 1)))
      return failure();
    addScaled(result.row(r), scale, table.row(tokens.data()[r]));
  }
  frame.set(op.getResult(), result);
  return success();
}

/// Each run v of size(w) features: v / sqrt(mean(v^2) + eps) * w
static LogicalResult rmsNorm(RMSNormOp op, Frame &frame) {
  const Floats &x = frame.floats(op.getX());
  const Floats &weight = frame.floats(op.getWeight());
  double eps = op.getEps().convertToDouble();
  int64_t c = weight.size();
  Floats result(x.shape());
  for (int64_t run = 0; run < x.size(); run += c) {
    double squares = 0;
    for (int64_t i = 0; i < c; ++i)
      squares += x.data()[run + i] * x.data()[run + i];
    double scale = 1 / std::sqrt(squares / c + eps);
    for (int64_t i = 0; i < c; ++i)
      result.data()[run + i] = x.data()[run + i] * scale * weight.data()[i];
  }
  frame.set(op.getResult(), result);
  return success();
}

/// y[o] += sum_i x[i] W[o, i]; `transpose`: y[o] += sum_i x[i] W[i, o]
static LogicalResult linear(LinearOp op, Frame &frame) {
  const Floats &x = frame.floats(op.getX());
  const Floats &weight = frame.floats(op.getWeight());
  Floats result = startOfSum(op, frame, 0, op.getResult());
  for (int64_t r = 0; r < x.rows(); ++r) {
    if (op.getTranspose())
      for (int64_t i = 0; i < weight.dim(0); ++i)
        addScaled(result.row(r), x.row(r)[i], weight.row(i));
    else
      for (int64_t o = 0; o < weight.dim(0); ++o)
        result.row(r)[o] += dot(x.row(r), weight.row(o));
    frame.countFlops(2 * weight.size());
  }
  frame.set(op.getResult(), result);
  return success();
}

/// Rotates the pair (v_i, v_{i + c/2}) of each run of c features by p * theta^(-2i/c).
static LogicalResult rotary(RotaryOp op, Frame &frame) {
  const Floats &x = frame.floats(op.getX());
  const Tensor &position = frame.get(op.getPosition());
  int64_t c = op.getHeadDim();
  double theta = op.getTheta().convertToDouble();
  double direction = op.getInverse() ? -1 : 1;
  Floats result(x.shape());
  for (int64_t r = 0; r < x.rows(); ++r) {
    auto *each = std::get_if<Ints>(&position);
    double p = each ? each->data()[r] : std::get<int64_t>(position);
    for (int64_t head = 0; head < x.width(); head += c)
      for (int64_t i = 0; i < c / 2; ++i) {
        double angle = direction * p * std::pow(theta, -2.0 * i / c);
        double a = x.row(r)[head + i], b = x.row(r)[head + i + c / 2];
        result.row(r)[head + i] = a * std::cos(angle) - b * std::sin(angle);
        result.row(r)[head + i + c / 2] = a * std::sin(angle) + b * std::cos(angle);
      }
  }
  frame.set(op.getResult(), result);
  return success();
}

static LogicalResult swiglu(SwiGLUOp op, Frame &frame) {
  const Floats &a = frame.floats(op.getA()), &b = frame.floats(op.getB());
  Floats result(a.shape());
  for (int64_t i = 0; i < a.size(); ++i)
    result.data()[i] = silu(a.data()[i]) * b.data()[i];
  frame.set(op.getResult(), result);
  return success();
}

static LogicalResult add(AddOp op, Frame &frame) {
  const Floats &a = frame.floats(op.getA()), &b = frame.floats(op.getB());
  Floats result(a.shape());
  for (int64_t i = 0; i < a.size(); ++i)
    result.data()[i] = a.data()[i] + b.data()[i];
  frame.set(op.getResult(), result);
  return success();
}

static LogicalResult scale(ScaleOp op, Frame &frame) {
  Floats result = frame.floats(op.getX());
  for (double &value : result.data())
    value *= op.getFactor().convertToDouble();
  frame.set(op.getResult(), result);
  return success();
}

/// The value; the frame rounds what is bf16.
static LogicalResult cast(CastOp op, Frame &frame) {
  frame.set(op.getResult(), frame.get(op.getX()));
  return success();
}

/// result[b, :] = x[b, lengths[b] - 1, :]
static LogicalResult lastPosition(LastPositionOp op, Frame &frame) {
  const Floats &x = frame.floats(op.getX());
  const Ints &lengths = frame.ints(op.getLengths());
  int64_t positions = x.dim(1);
  Floats result(shapeOf(op.getResult()));
  for (int64_t b = 0; b < x.dim(0); ++b) {
    if (failed(checkRange(op, "length", lengths, b, 1, positions)))
      return failure();
    addScaled(result.row(b), 1, x.row(b * positions + lengths(b) - 1));
  }
  frame.set(op.getResult(), result);
  return success();
}

void reference::attachLayerModels(MLIRContext &context) {
  attach<fused, zero, positions, embedding, rmsNorm, linear, rotary, swiglu, add, scale, ::cast,
         lastPosition>(context);
}

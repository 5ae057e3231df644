// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention over positions, depths and cached positions. All are one query head over n
// keys, softmax(q . k / sqrt(c)) v; they differ in which keys those are.

#include "lib/Reference/Models.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include <vector>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

namespace {
using Row = ArrayRef<double>;
using MutableRow = MutableArrayRef<double>;

/// The features of head `head`, c of them, in a flat row.
Row headOf(Row row, int64_t head, int64_t c) { return row.slice(head * c, c); }
MutableRow headOf(MutableRow row, int64_t head, int64_t c) { return row.slice(head * c, c); }

/// One head's keys (or values): row `row(i)` of `array` for key i, features of `head`.
template <typename ArrayT>
struct Keys {
  ArrayT &array;
  llvm::function_ref<int64_t(int64_t)> row;
  int64_t head, c;
  auto operator[](int64_t i) const { return headOf(array.row(row(i)), head, c); }
};

/// Logits q . k_i / sqrt(c) of the first n keys.
std::vector<double> logitsOf(Row q, Keys<const Floats> keys, int64_t n, Frame &frame) {
  std::vector<double> logits(n);
  for (int64_t i = 0; i < n; ++i) {
    logits[i] = dot(q, keys[i]) / std::sqrt(double(q.size()));
    frame.countFlops(2 * q.size());
  }
  return logits;
}

/// out = softmax(logits) v over the first n keys, none: 0. Returns log sum exp of the logits.
double attend(Row q, Keys<const Floats> keys, Keys<const Floats> values, int64_t n, MutableRow out,
              Frame &frame) {
  std::vector<double> logits = logitsOf(q, keys, n, frame);
  double lse = logSumExp(logits);
  for (int64_t i = 0; i < n; ++i) {
    addScaled(out, std::exp(logits[i] - lse), values[i]);
    frame.countFlops(2 * out.size());
  }
  return lse;
}

/// Adds the cotangents of q, keys and values, given those of the output. With p the
/// probabilities: dv_i += p_i dout, ds_i = p_i (dout . v_i - sum_j p_j dout . v_j), where the
/// sum is dout . out.
void attendAdjoint(Row q, Keys<const Floats> keys, Keys<const Floats> values, int64_t n,
                   const double *lse, Row dOut, MutableRow dQ, Keys<Floats> dKeys,
                   Keys<Floats> dValues, Frame &frame) {
  double scale = 1 / std::sqrt(double(q.size()));
  std::vector<double> p = logitsOf(q, keys, n, frame), dP(n);
  double logSum = lse ? *lse : logSumExp(p);
  double mean = 0;
  for (int64_t i = 0; i < n; ++i) {
    p[i] = std::exp(p[i] - logSum);
    dP[i] = dot(dOut, values[i]);
    mean += p[i] * dP[i];
  }
  for (int64_t i = 0; i < n; ++i) {
    double dLogit = p[i] * (dP[i] - mean);
    addScaled(dValues[i], p[i], dOut);
    addScaled(dQ, scale * dLogit, keys[i]);
    addScaled(dKeys[i], scale * dLogit, q);
  }
  frame.countFlops(n * 2 * (2 * dOut.size() + 2 * q.size()));
}
} // namespace

/// Position t of sequence b attends positions 0 .. t of the same sequence.
static LogicalResult sequenceAttention(SequenceAttentionOp op, Frame &frame) {
  const Floats &q = frame.floats(op.getQ()), &k = frame.floats(op.getK()),
               &v = frame.floats(op.getV());
  int64_t batch = q.dim(0), positions = q.dim(1), heads = op.getHeads();
  int64_t c = q.width() / heads, group = heads / op.getKvHeads();
  Floats result(q.shape()), lse(shapeOf(op.getLse()));
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t t = 0; t < positions; ++t)
      for (int64_t i = 0; i < heads; ++i) {
        auto row = [&](int64_t p) { return b * positions + p; };
        lse(b, i, t) =
            attend(headOf(q.row(row(t)), i, c), {k, row, i / group, c}, {v, row, i / group, c},
                   t + 1, headOf(result.row(row(t)), i, c), frame);
      }
  frame.set(op.getResult(), result);
  frame.set(op.getLse(), lse);
  return success();
}

static LogicalResult sequenceAttentionGrad(SequenceAttentionGradOp op, Frame &frame) {
  const Floats &q = frame.floats(op.getQ()), &k = frame.floats(op.getK()),
               &v = frame.floats(op.getV()), &lse = frame.floats(op.getLse()),
               &dOut = frame.floats(op.getDResult());
  int64_t batch = q.dim(0), positions = q.dim(1), heads = op.getHeads();
  int64_t c = q.width() / heads, group = heads / op.getKvHeads();
  Floats dQ(q.shape()), dK(k.shape()), dV(v.shape());
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t t = 0; t < positions; ++t)
      for (int64_t i = 0; i < heads; ++i) {
        auto row = [&](int64_t p) { return b * positions + p; };
        attendAdjoint(headOf(q.row(row(t)), i, c), {k, row, i / group, c}, {v, row, i / group, c},
                      t + 1, &lse(b, i, t), headOf(dOut.row(row(t)), i, c),
                      headOf(dQ.row(row(t)), i, c), {dK, row, i / group, c},
                      {dV, row, i / group, c}, frame);
      }
  frame.set(op.getDQ(), dQ);
  frame.set(op.getDK(), dK);
  frame.set(op.getDV(), dV);
  return success();
}

/// A position attends the first `count` slots of its own history.
static LogicalResult depthAttention(DepthAttentionOp op, Frame &frame) {
  const Floats &q = frame.floats(op.getQ()), &k = frame.floats(op.getKeys()),
               &v = frame.floats(op.getValues());
  int64_t count = frame.index(op.getCount()), heads = op.getHeads();
  int64_t c = q.width() / heads, group = heads / op.getKvHeads();
  if (failed(checkRange(op, "count of history slots", count, 0, k.dim(0))))
    return failure();
  Floats result(q.shape());
  for (int64_t r = 0; r < q.rows(); ++r)
    for (int64_t i = 0; i < heads; ++i) {
      auto row = [&](int64_t slot) { return slot * q.rows() + r; };
      attend(headOf(q.row(r), i, c), {k, row, i / group, c}, {v, row, i / group, c}, count,
             headOf(result.row(r), i, c), frame);
    }
  frame.set(op.getResult(), result);
  return success();
}

static LogicalResult depthAttentionGrad(DepthAttentionGradOp op, Frame &frame) {
  const Floats &q = frame.floats(op.getQ()), &k = frame.floats(op.getKeys()),
               &v = frame.floats(op.getValues()), &dOut = frame.floats(op.getDResult());
  int64_t count = frame.index(op.getCount()), heads = op.getHeads();
  int64_t c = q.width() / heads, group = heads / op.getKvHeads();
  if (failed(checkRange(op, "count of history slots", count, 0, k.dim(0))))
    return failure();
  Floats dQ(q.shape());
  Floats dK = startOfSum(op, frame, 0, op.getDKeys()),
         dV = startOfSum(op, frame, 1, op.getDValues());
  for (int64_t r = 0; r < q.rows(); ++r)
    for (int64_t i = 0; i < heads; ++i) {
      auto row = [&](int64_t slot) { return slot * q.rows() + r; };
      attendAdjoint(headOf(q.row(r), i, c), {k, row, i / group, c}, {v, row, i / group, c}, count,
                    /*lse=*/nullptr, headOf(dOut.row(r), i, c), headOf(dQ.row(r), i, c),
                    {dK, row, i / group, c}, {dV, row, i / group, c}, frame);
    }
  frame.set(op.getDQ(), dQ);
  frame.set(op.getDKeys(), dK);
  frame.set(op.getDValues(), dV);
  return success();
}

/// cache[slot, b, position[b], :] = value[b, :]
static LogicalResult cacheAppend(CacheAppendOp op, Frame &frame) {
  Floats cache = frame.floats(op.getCache());
  const Floats &value = frame.floats(op.getValue());
  const Ints &position = frame.ints(op.getPosition());
  int64_t slot = frame.index(op.getSlot()), batch = cache.dim(1), capacity = cache.dim(2);
  if (failed(checkRange(op, "slot", slot, 0, cache.dim(0) - 1)))
    return failure();
  for (int64_t b = 0; b < batch; ++b) {
    if (failed(checkRange(op, "position", position, b, 0, capacity - 1)))
      return failure();
    llvm::copy(value.row(b), cache.row((slot * batch + b) * capacity + position(b)).begin());
  }
  frame.set(op.getResult(), cache);
  return success();
}

/// The new token of sequence b attends cached positions 0 .. position[b].
static LogicalResult decodeAttention(DecodeAttentionOp op, Frame &frame) {
  const Floats &q = frame.floats(op.getQ()), &k = frame.floats(op.getKeys()),
               &v = frame.floats(op.getValues());
  const Ints &position = frame.ints(op.getPosition());
  int64_t slot = frame.index(op.getSlot()), batch = k.dim(1), capacity = k.dim(2);
  int64_t heads = op.getHeads(), c = q.width() / heads, group = heads / op.getKvHeads();
  if (failed(checkRange(op, "slot", slot, 0, k.dim(0) - 1)))
    return failure();
  Floats result(q.shape());
  for (int64_t b = 0; b < batch; ++b) {
    if (failed(checkRange(op, "position", position, b, 0, capacity - 1)))
      return failure();
    for (int64_t i = 0; i < heads; ++i) {
      auto row = [&](int64_t p) { return (slot * batch + b) * capacity + p; };
      attend(headOf(q.row(b), i, c), {k, row, i / group, c}, {v, row, i / group, c},
             position(b) + 1, headOf(result.row(b), i, c), frame);
    }
  }
  frame.set(op.getResult(), result);
  return success();
}

void reference::attachAttentionModels(MLIRContext &context) {
  attach<sequenceAttention, sequenceAttentionGrad, depthAttention, depthAttentionGrad, cacheAppend,
         decodeAttention>(context);
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// decode_attention: one query a sequence over its cache, in blocks of positions with a
// running maximum. Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018.

#include "lib/Kernels/Attention.h"
#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Models.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

static constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

namespace {
/// One head of one sequence.
struct DecodeHead {
  int64_t features;
  double scale;
  Val batch, column, keyColumn, slot;
  Mem q, keys, values; // [B, heads * c], [D, B, C, kvHeads * c] twice
  Mem scores, sums;    // [block], [c]

  /// Takes positions `from` .. `from + count` into the maximum, the sum of exponentials and `sums`.
  Vals take(Kernel &k, Val from, Val count, Val oldMax, Val oldSum) const {
    k.forColumns(scores.size(),
                 [&](Val i, Lanes lanes) { scores.store(minusInfinity, {i}, lanes); });
    k.loop(0, count, 1, [&](Val i) {
      Val score = dot(
          k, features, [&](Val j, Lanes lanes) { return q.load({batch, column + j}, lanes); },
          [&](Val j, Lanes lanes) {
            return keys.load({slot, batch, from + i, keyColumn + j}, lanes);
          });
      scores.store(score * scale, {i});
    });
    auto score = [&](Val i, Lanes lanes) { return scores.load({i}, lanes); };
    Val newMax = max(oldMax, k.maxColumns(scores.size(), score));
    Val rescale = exp(oldMax - newMax);
    Val sum = k.sumColumns(scores.size(), [&](Val i, Lanes lanes) {
      Val p = exp(score(i, lanes) - newMax);
      scores.store(p, {i}, lanes);
      return p;
    });
    weightedSum(
        k, count, features, [&](Val i) { return scores.load({i}); },
        [&](Val i, Val j, Lanes lanes) {
          return values.load({slot, batch, from + i, keyColumn + j}, lanes);
        },
        [&](Val j, Val sum, Lanes lanes) {
          sums.store(sums.load({j}, lanes) * rescale + sum, {j}, lanes);
        });
    return {newMax, oldSum * rescale + sum};
  }
};
} // namespace

static void buildDecodeAttention(DecodeAttentionOp op, ScheduleBuilder &s) {
  auto heads = static_cast<int64_t>(op.getHeads()), kvHeads = static_cast<int64_t>(op.getKvHeads());
  int64_t batch = rowsOf(op.getQ()), features = featuresOf(op.getQ()) / heads;
  int64_t capacity = tensorType(op.getKeys()).getDimSize(2);
  int64_t block = std::min<int64_t>(256, roundUp(capacity, s.target().lanes()));
  SmallVector<Value> buffers{s.buffer(op.getQ()),      s.buffer(op.getKeys()),
                             s.buffer(op.getValues()), s.buffer(op.getPosition()),
                             s.buffer(op.getSlot()),   s.buffer(op.getResult())};
  s.requireRange(buffers[3], 0, capacity,
                 ("position: expected numbers in [0, " + Twine(capacity) + ")").str());
  Shares shares = Shares::of(batch * heads, capacity * features);
  launch(s, "decode_attention", shares.tasks(), buffers, [&](Kernel &k) {
    Mem positions = k.mem(3), out = k.mem(5).rows();
    DecodeHead head{features,
                    1 / std::sqrt(static_cast<double>(features)),
                    0,
                    0,
                    0,
                    k.scalar(4),
                    k.mem(0).rows(),
                    k.mem(1),
                    k.mem(2),
                    k.stack({block}),
                    k.stack({features})};
    k.forShare(shares, [&](Val item) {
      Val index = item % heads;
      head.batch = item / heads;
      head.column = index * features;
      head.keyColumn = index / (heads / kvHeads) * features;
      Val count = k.toIndex(positions.load({head.batch})) + 1;
      k.forColumns(features, [&](Val i, Lanes lanes) { head.sums.store(0.0, {i}, lanes); });
      Vals state = k.loop(
          0, count, block, {k.f32(minusInfinity), k.f32(0)}, [&](Val from, ArrayRef<Val> carried) {
            return head.take(k, from, min(count - from, block), carried[0], carried[1]);
          });
      Val inverse = 1.0 / state[1];
      k.forColumns(features, [&](Val i, Lanes lanes) {
        out.store(head.sums.load({i}, lanes) * inverse, {head.batch, head.column + i}, lanes);
      });
    });
  });
}

void attachDecodeKernels(MLIRContext &context) {
  DecodeAttentionOp::attachInterface<Model<DecodeAttentionOp, buildDecodeAttention>>(context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// decode_attention: one query a sequence over its cache, in blocks of positions with a
// running maximum. Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018.

#include "lib/Kernels/Attention.h"
#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/Shuffle.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

static int64_t ahead = getenv("AHEAD") ? atoi(getenv("AHEAD")) : 16;
static constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

namespace {
/// The heads of one sequence that share keys and values.
struct DecodeGroup {
  int64_t heads, features, lanes; // lanes of a vector of features, and of one of positions
  Val batch, column, kvColumn, slot;
  Mem q, keys, values;     // [B, all heads * c], [D, B, C, kvHeads * c] twice
  Mem partial;             // [heads, lanes, lanes]: scores of some positions, lane by lane
  Mem scores;              // [heads, positions of a block]
  Mem largest, total, sum; // [heads] twice, [heads, c]: maximum, sum of exponentials, of values

  Val query(Val head, Val i, Lanes lanes) const {
    return q.load({batch, column + head * features + i}, lanes);
  }

  void start(Kernel &k) const {
    k.loop(0, heads, 1, [&](Val head) {
      largest.store(minusInfinity, {head});
      total.store(0.0, {head});
      k.forColumns(features, [&](Val i, Lanes lanes) { sum.store(0.0, {head, i}, lanes); });
    });
  }

  /// Scores of positions `from` .. `from + count`; minus infinity where the last vector goes beyond.
  void score(Kernel &k, Val from, Val count) const {
    Type i32 = k.getBuilder().getI32Type();
    SmallVector<std::function<Val(Val, Lanes)>> queries;
    for (int64_t head = 0; head < heads; ++head)
      queries.push_back([=, this](Val i, Lanes lanes) { return query(head, i, lanes); });
    k.loop(0, count, lanes, [&](Val first) {
      Val some = min(count - first, lanes);
      k.loop(0, some, 1, [&](Val i) {
        prefetchRow(k, keys, {slot, batch, from + first + i + ahead, kvColumn}, features);
        Vals sums = laneSums(k, features, queries, {[=, this](Val j, Lanes lanes) {
                               return keys.load({slot, batch, from + first + i, kvColumn + j},
                                                lanes);
                             }});
        for (auto [head, sum] : llvm::enumerate(sums))
          partial.store(sum, {static_cast<int64_t>(head), i, 0}, Lanes::all(lanes));
      });
      Val there = less(k.iota(lanes), convert(some, i32));
      for (int64_t head = 0; head < heads; ++head) {
        Vals rows;
        for (int64_t i = 0; i < lanes; ++i)
          rows.push_back(partial.load({head, i, 0}, Lanes::all(lanes)));
        Val score = sumRows(rows) * (1 / std::sqrt(static_cast<double>(features)));
        scores.store(select(there, score, minusInfinity), {head, first}, Lanes::all(lanes));
      }
    });
  }

  /// Scores of `count` positions become exponentials; what was summed before is scaled.
  void exponentiate(Kernel &k, Val count) const {
    k.loop(0, heads, 1, [&](Val head) {
      auto at = [&](Val i) { return scores.load({head, i}, Lanes::all(lanes)); };
      Vals top = k.loop(
          0, count, lanes, {k.f32(minusInfinity, lanes)},
          [&](Val i, ArrayRef<Val> carried) -> Vals { return {max(carried[0], at(i))}; });
      Val before = largest.load({head}), now = max(before, maxLanes(top[0]));
      Vals exponentials =
          k.loop(0, count, lanes, {k.f32(0, lanes)}, [&](Val i, ArrayRef<Val> carried) -> Vals {
            Val p = exp(at(i) - now);
            scores.store(p, {head, i}, Lanes::all(lanes));
            return {carried[0] + p};
          });
      Val rescale = exp(before - now);
      largest.store(now, {head});
      total.store(fma(total.load({head}), rescale, sumLanes(exponentials[0])), {head});
      k.forColumns(features, [&](Val i, Lanes lanes) {
        sum.store(sum.load({head, i}, lanes) * rescale, {head, i}, lanes);
      });
    });
  }

  /// Adds the values of positions `from` .. `from + count` by their exponentials.
  void weigh(Kernel &k, Val from, Val count) const {
    weightedSums(
        k, heads, count, features,
        [&](Val i, int64_t head) {
          if (head == 0)
            prefetchRow(k, values, {slot, batch, from + i + ahead, kvColumn}, features);
          return scores.load({head, i});
        },
        [&](Val i, Val j, Lanes lanes) {
          return values.load({slot, batch, from + i, kvColumn + j}, lanes);
        },
        [&](int64_t head, Val j, Val more, Lanes lanes) {
          sum.store(sum.load({head, j}, lanes) + more, {head, j}, lanes);
        });
  }

  void finish(Kernel &k, Mem out) const {
    k.loop(0, heads, 1, [&](Val head) {
      Val inverse = 1.0 / total.load({head});
      k.forColumns(features, [&](Val i, Lanes lanes) {
        out.store(sum.load({head, i}, lanes) * inverse, {batch, column + head * features + i},
                  lanes);
      });
    });
  }
};
} // namespace

static void buildDecodeAttention(DecodeAttentionOp op, ScheduleBuilder &s) {
  auto heads = static_cast<int64_t>(op.getHeads()), kvHeads = static_cast<int64_t>(op.getKvHeads());
  int64_t batch = rowsOf(op.getQ()), features = featuresOf(op.getQ()) / heads;
  int64_t group = heads / kvHeads, capacity = tensorType(op.getKeys()).getDimSize(2);
  int64_t block = std::min<int64_t>(256, roundUp(capacity, s.target().lanes()));
  SmallVector<Value> buffers{s.buffer(op.getQ()),      s.buffer(op.getKeys()),
                             s.buffer(op.getValues()), s.buffer(op.getPosition()),
                             s.buffer(op.getSlot()),   s.buffer(op.getResult())};
  s.requireRange(buffers[3], 0, capacity,
                 ("position: expected numbers in [0, " + Twine(capacity) + ")").str());
  Shares shares = Shares::of(batch * kvHeads, group * capacity * features);
  launch(s, "decode_attention", shares.tasks(), buffers, [&](Kernel &k) {
    Mem positions = k.mem(3), out = k.mem(5).rows();
    DecodeGroup heads;
    heads.heads = group;
    heads.features = features;
    heads.lanes = k.lanesFor(features);
    heads.slot = k.scalar(4);
    heads.q = k.mem(0).rows();
    heads.keys = k.mem(1);
    heads.values = k.mem(2);
    heads.partial = k.stack({group, heads.lanes, heads.lanes});
    heads.scores = k.stack({group, block});
    heads.largest = k.stack({group});
    heads.total = k.stack({group});
    heads.sum = k.stack({group, features});
    k.forShare(shares, [&](Val item) {
      Val kvHead = item % kvHeads;
      heads.batch = item / kvHeads;
      heads.column = kvHead * (group * features);
      heads.kvColumn = kvHead * features;
      Val count = k.toIndex(positions.load({heads.batch})) + 1;
      heads.start(k);
      k.loop(0, count, block, [&](Val from) {
        Val some = min(count - from, block);
        heads.score(k, from, some);
        heads.exponentiate(k, some);
        heads.weigh(k, from, some);
      });
      heads.finish(k, out);
    });
  });
}

void attachDecodeKernels(MLIRContext &context) {
  DecodeAttentionOp::attachInterface<Model<DecodeAttentionOp, buildDecodeAttention>>(context);
}

} // namespace dreamer::kernels

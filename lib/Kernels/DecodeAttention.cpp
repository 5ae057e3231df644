// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// decode_attention: one query a sequence over its cache, in blocks of positions with a
// running maximum. Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018.
// All heads go along the cache together, so that memory is read in one stream; tasks share
// positions instead, and their sums are combined. Little is done between one key and the next, so
// that the stream does not run dry.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/Shuffle.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

static constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

namespace {
struct DecodeShape {
  int64_t batch, capacity, heads, kvHeads, features; ///< features of a head

  static DecodeShape of(DecodeAttentionOp op) {
    auto heads = static_cast<int64_t>(op.getHeads());
    return {rowsOf(op.getQ()), tensorType(op.getKeys()).getDimSize(2), heads,
            static_cast<int64_t>(op.getKvHeads()), featuresOf(op.getQ()) / heads};
  }
  int64_t group() const { return heads / kvHeads; }
  int64_t width() const { return heads * features; }
  double scale() const { return 1 / std::sqrt(static_cast<double>(features)); }
  /// Parts that the positions of a sequence are shared in.
  int64_t parts() const {
    constexpr int64_t elements = 65536, tasks = 16;
    int64_t parts = 2 * capacity * kvHeads * features / elements;
    return std::clamp<int64_t>(parts, 1, std::max<int64_t>(1, tasks / batch));
  }
  int64_t items() const { return batch * parts(); }
  /// How many heads are scored together, at most as many as a vector has lanes: those of some key heads, or some of those
  /// of one.
  int64_t headsTogether(int64_t lanes) const {
    constexpr int64_t most = 8; // their sums stay in registers
    auto fits = [&](int64_t n) {
      return n % group() == 0 ? kvHeads % (n / group()) == 0 : group() % n == 0;
    };
    int64_t together = std::min({most, lanes, heads});
    while (!fits(together))
      --together;
    return together;
  }
  int64_t headRuns(int64_t lanes) const { return heads / headsTogether(lanes); }
};

/// What is known of each head after some positions.
struct DecodeState {
  Mem largest, total, sum; // [items, heads] twice: maximum, sum of exponentials; [items, heads * c]

  void copy(Kernel &k, Val item, const DecodeState &to, Val toItem) const {
    for (auto [from, to] : {std::pair(largest, to.largest), {total, to.total}, {sum, to.sum}})
      k.forColumns(from.features(), [&, from = from, to = to](Val i, Lanes lanes) {
        to.store(from.load({item, i}, lanes), {toItem, i}, lanes);
      });
  }
};

/// Some positions of one sequence.
struct DecodePart {
  const DecodeShape &shape;
  int64_t lanes; // of a vector of features, and of one of positions
  Mem q, keys, values;
  DecodeState state;
  Mem partial; // [lanes, runs of heads, lanes]: scores of some positions
  Mem scores;  // [heads, positions of a block]
  Val slot, batch;
  bool pairs; // queries and keys are bf16, multiplied as they are

  Val head(Val kvHead, int64_t i) const { return kvHead * shape.group() + i; }
  SmallVector<Val> entry(Val position, Val kvHead, Val column) const {
    return {slot, batch, position, kvHead * shape.features + column};
  }

  void start(Kernel &k) const {
    k.loop(0, shape.heads, 1, [&](Val head) {
      state.largest.store(minusInfinity, {0, head});
      state.total.store(0.0, {0, head});
    });
    k.forColumns(shape.width(), [&](Val i, Lanes lanes) { state.sum.store(0.0, {0, i}, lanes); });
  }

  /// Row `i` of `partial`: the products of the queries with the key at `position`.
  void multiply(Kernel &k, Val position, Val i) const {
    int64_t together = shape.headsTogether(lanes), queries = std::min(together, shape.group());
    k.loop(0, shape.headRuns(lanes), 1, [&](Val run) {
      touchNext(position, run, shape.headRuns(lanes));
      Vals sums;
      for (int64_t first = 0; first < together; first += queries) {
        Val head = run * together + first, kvHead = head / shape.group();
        SmallVector<std::function<Val(Val, Lanes)>> left;
        for (int64_t j = 0; j < queries; ++j)
          left.push_back([=, this](Val column, Lanes lanes) {
            return q.load({batch, (head + j) * shape.features + column}, lanes);
          });
        sums.append(laneSums(k, shape.features, left, {[=, this](Val column, Lanes lanes) {
                               return keys.load(entry(position, kvHead, column), lanes);
                             }},
                             pairs));
      }
      partial.store(sumRows(sums), {i, run, 0}, Lanes::all(lanes));
    });
  }

  /// Reads, in their order, part `part` of `parts` of the lines of the key after that at `position`: the compiler loads a
  /// key's vectors in another order, which no prefetcher follows.
  void touchNext(Val position, Val part, int64_t parts) const {
    int64_t perLine = 512 / keys.getType().getElementTypeBitWidth();
    int64_t all = shape.kvHeads * shape.features, share = all / parts;
    if (all < perLine)
      return;
    Val next = min(position + 1, shape.capacity - 1);
    for (int64_t at = 0; at < share; at += perLine)
      keys.touch({slot, batch, next, min(part * share + at, all - perLine)});
  }

  /// Scores of positions `from` .. `from + count`; minus infinity where the last vector goes beyond.
  void score(Kernel &k, Val from, Val count) const {
    int64_t together = shape.headsTogether(lanes);
    k.loop(0, count, lanes, [&](Val first) {
      Val some = min(count - first, lanes);
      k.loop(0, some, 1, [&](Val i) { multiply(k, from + first + i, i); });
      Val there = less(k.iota(lanes), convert(some, k.getBuilder().getI32Type()));
      k.loop(0, shape.headRuns(lanes), 1, [&](Val run) {
        Vals rows;
        for (int64_t i = 0; i < lanes; ++i)
          rows.push_back(partial.load({i, run, 0}, Lanes::all(lanes)));
        rows = transpose(rows);
        for (int64_t j = 0; j < together; ++j)
          scores.store(select(there, rows[j] * shape.scale(), minusInfinity),
                       {run * together + j, first}, Lanes::all(lanes));
      });
    });
  }

  /// Scores of `count` positions become exponentials; what was summed before is scaled.
  void exponentiate(Kernel &k, Val count) const {
    k.loop(0, shape.heads, 1, [&](Val head) {
      auto score = [&](Val i) { return scores.load({head, i}, Lanes::all(lanes)); };
      Vals top =
          k.loop(0, count, lanes, {k.f32(minusInfinity, lanes)},
                 [&](Val i, ArrayRef<Val> carried) -> Vals { return {max(carried[0], score(i))}; });
      Val before = state.largest.load({0, head}), now = max(before, maxLanes(top[0]));
      Vals exponentials =
          k.loop(0, count, lanes, {k.f32(0, lanes)}, [&](Val i, ArrayRef<Val> carried) -> Vals {
            Val p = exp(score(i) - now);
            scores.store(p, {head, i}, Lanes::all(lanes));
            return {carried[0] + p};
          });
      Val rescale = exp(before - now), total = state.total.load({0, head});
      state.largest.store(now, {0, head});
      state.total.store(fma(total, rescale, sumLanes(exponentials[0])), {0, head});
      k.forColumns(shape.features, [&](Val i, Lanes lanes) {
        SmallVector<Val> at{0, head * shape.features + i};
        state.sum.store(state.sum.load(at, lanes) * rescale, at, lanes);
      });
    });
  }

  /// Adds the values of positions `from` .. `from + count` by their exponentials.
  void weigh(Kernel &k, Val from, Val count) const {
    k.loop(0, count, 1, [&](Val i) {
      k.loop(0, shape.kvHeads, 1, [&](Val kvHead) {
        Vals factors;
        for (int64_t j = 0; j < shape.group(); ++j)
          factors.push_back(scores.load({head(kvHead, j), i}));
        k.forColumns(shape.features, [&](Val column, Lanes lanes) {
          Val value = values.load(entry(from + i, kvHead, column), lanes);
          for (auto [j, factor] : llvm::enumerate(factors)) {
            Val to = head(kvHead, static_cast<int64_t>(j)) * shape.features + column;
            Val sum = fma(splat(factor, lanes.width), value, state.sum.load({0, to}, lanes));
            state.sum.store(sum, {0, to}, lanes);
          }
        });
      });
    });
  }
};
} // namespace

/// One launch that goes through the caches.
static void launchParts(DecodeAttentionOp op, ScheduleBuilder &s, const DecodeShape &shape,
                        ArrayRef<Value> state) {
  int64_t lanes = s.target().lanes(), parts = shape.parts();
  int64_t block = std::min<int64_t>(256, roundUp(ceilDiv(shape.capacity, parts), lanes));
  SmallVector<Value> buffers{s.buffer(op.getQ()), s.buffer(op.getKeys()), s.buffer(op.getValues()),
                             s.buffer(op.getPosition()), s.buffer(op.getSlot())};
  s.requireRange(buffers[3], 0, shape.capacity,
                 ("position: expected numbers in [0, " + Twine(shape.capacity) + ")").str());
  buffers.append(state.begin(), state.end());
  Shares shares = Shares::of(shape.items(), shape.capacity * shape.width() / parts);
  launch(s, "decode_attention", shares.tasks(), buffers, /*contractions=*/1, [&](Kernel &k) {
    Mem q = k.mem(0).rows(), keys = k.mem(1);
    bool pairs = keepPairs(k, {&q, &keys});
    int64_t lanes = lanesOfSums(k, shape.features, pairs);
    Mem partial = k.stack({lanes, shape.headRuns(lanes), lanes}),
        scores = k.stack({shape.heads, block});
    DecodeState state{k.stack({1, shape.heads}), k.stack({1, shape.heads}),
                      k.stack({1, shape.width()})};
    k.forShare(shares, [&](Val item) {
      Val batch = item / parts, part = item % parts;
      DecodePart positions{shape,   lanes,  q,           keys,  k.mem(2), state,
                           partial, scores, k.scalar(4), batch, pairs};
      positions.start(k);
      Val count = k.toIndex(k.mem(3).load({batch})) + 1;
      Val each = (count + (parts - 1)) / parts;
      k.loop(part * each, min(part * each + each, count), block, [&](Val from) {
        Val some = min(min(part * each + each, count) - from, block);
        positions.score(k, from, some);
        positions.exponentiate(k, some);
        positions.weigh(k, from, some);
      });
      state.copy(k, 0, {k.mem(5), k.mem(6), k.mem(7)}, item);
    });
  });
}

/// One launch that combines the parts of each sequence; the first one has positions.
static void launchCombine(DecodeAttentionOp op, ScheduleBuilder &s, const DecodeShape &shape,
                          ArrayRef<Value> state) {
  int64_t parts = shape.parts();
  Shares shares = Shares::of(shape.batch, parts * shape.width());
  SmallVector<Value> buffers{s.buffer(op.getResult())};
  buffers.append(state.begin(), state.end());
  launch(s, "combine", shares.tasks(), buffers, [&](Kernel &k) {
    Mem out = k.mem(0).rows();
    DecodeState state{k.mem(1), k.mem(2), k.mem(3)};
    k.forShare(shares, [&](Val batch) {
      k.loop(0, shape.heads, 1, [&](Val head) {
        Vals largest, factors;
        for (int64_t part = 0; part < parts; ++part)
          largest.push_back(state.largest.load({batch * parts + part, head}));
        Val top = largest[0], total = k.f32(0);
        for (Val x : largest)
          top = max(top, x);
        for (int64_t part = 0; part < parts; ++part) {
          factors.push_back(exp(largest[part] - top));
          total = fma(factors.back(), state.total.load({batch * parts + part, head}), total);
        }
        Val inverse = 1.0 / total;
        k.forColumns(shape.features, [&](Val i, Lanes lanes) {
          Val column = head * shape.features + i, sum = k.f32(0, lanes.width);
          for (int64_t part = 0; part < parts; ++part)
            sum = fma(state.sum.load({batch * parts + part, column}, lanes), factors[part], sum);
          out.store(sum * inverse, {batch, column}, lanes);
        });
      });
    });
  });
}

static void buildDecodeAttention(DecodeAttentionOp op, ScheduleBuilder &s) {
  DecodeShape shape = DecodeShape::of(op);
  int64_t items = shape.items();
  SmallVector<Value> state{scratch(s, {items, shape.heads}), scratch(s, {items, shape.heads}),
                           scratch(s, {items, shape.width()})};
  launchParts(op, s, shape, state);
  launchCombine(op, s, shape, state);
}

void attachDecodeKernels(MLIRContext &context) {
  DecodeAttentionOp::attachInterface<Model<DecodeAttentionOp, buildDecodeAttention>>(context);
}

} // namespace dreamer::kernels

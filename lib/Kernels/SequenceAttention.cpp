// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sequence_attention: a block of queries against blocks of keys, with a running maximum
// where there is more than one block. Dao, "FlashAttention-2", 2023, algorithm 1.

#include "lib/Kernels/Attention.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

static constexpr double minusInfinity = -std::numeric_limits<double>::infinity();

namespace {
/// A block of queries of one head, and what is known of its rows so far.
struct QueryBlock {
  const SequenceShape &shape;
  Mem q, keys, values; // rows of heads; packed K^T and V
  Mem scores;          // [queries, keys] of the block
  Mem weights;         // the same memory, or where exponentials are bf16
  Mem largest, sums;   // [queries]: running maximum, sum of exponentials
  Val item;            // batch * heads + head
  Val from, to;        // positions

  /// Of the head's group, which is packed.
  Val kvHead() const {
    return item / shape.heads * shape.kvHeads + item % shape.heads / shape.group();
  }

  void computeScores(Kernel &k, Val firstKey, Val count) const {
    multiplyTransposed(
        k, shape, q, item, keys, kvHead(), from, to, firstKey, count,
        [&](const ProductBlock &block) {
          Value scaled =
              mapTiles(k, block.value, {}, [&](ArrayRef<Val> x) { return x[0] * shape.scale(); });
          storeTile(k, scaled,
                    placeOf(k, block, scores, {block.row - from, block.column - firstKey},
                            /*whole=*/true));
        });
  }

  /// Scores become exponentials, 0 where a key is later than the query. `rescale` takes each
  /// row and the factor of what was summed before.
  void exponentiate(Kernel &k, Val firstKey, Val count, bool first,
                    function_ref<void(Val, Val)> rescale) const {
    int64_t lanes = shape.block.lanes;
    int64_t whole = std::max(lanes, shape.block.depthStep());
    Val end = (count + (whole - 1)) / whole * whole;
    Type i32 = k.getBuilder().getI32Type();
    k.loop(0, to - from, 1, [&](Val t) {
      Val last = from + t - firstKey; // the last key of the block that this query sees
      Val lastLane = convert(last, i32);
      auto visible = [&](Val i) { return less(k.iota(lanes) + convert(i, i32), lastLane + 1); };
      Vals top =
          k.loop(0, end, lanes, {k.f32(minusInfinity, lanes)}, [&](Val i, ArrayRef<Val> carried) {
            Val score = scores.load({t, i}, Lanes::all(lanes));
            score = select(visible(i), score, minusInfinity);
            scores.store(score, {t, i}, Lanes::all(lanes));
            return Vals{max(carried[0], score)};
          });
      Val newLargest = maxLanes(top[0]);
      if (!first)
        newLargest = max(newLargest, largest.load({t}));
      Vals sum = k.loop(0, end, lanes, {k.f32(0, lanes)}, [&](Val i, ArrayRef<Val> carried) {
        Val p = exp(scores.load({t, i}, Lanes::all(lanes)) - newLargest);
        weights.store(p, {t, i}, Lanes::all(lanes));
        return Vals{carried[0] + p};
      });
      Val newSum = sumLanes(sum[0]);
      if (!first) {
        Val factor = exp(largest.load({t}) - newLargest);
        newSum = fma(sums.load({t}), factor, newSum);
        rescale(t, factor);
      }
      largest.store(newLargest, {t});
      sums.store(newSum, {t});
    });
  }

  /// Hands the products of the exponentials with the values of the block to `epilogue`.
  void weighValues(Kernel &k, Val firstKey, Val count, Epilogue epilogue) const {
    multiplyStraight(k, shape, weights, values, kvHead(), from, to, firstKey, count, epilogue);
  }
};
} // namespace

namespace {
/// Where the sums over blocks of keys are kept until they are whole: rows from `row` on and columns from `column` on,
/// for the block's queries.
struct Sums {
  Mem memory;
  Val row, column;

  SmallVector<Val> at(Val t, Val i) const { return {row + t, column + i}; }
};
} // namespace

/// One block of queries: its part of `out` [B * T, heads * c] and `lse` [B * heads, T]. Sums are kept in `partial`,
/// or in `out` if there is none.
static void attend(Kernel &k, const QueryBlock &block, Mem out, Mem lse,
                   std::optional<Sums> partial) {
  const SequenceShape &shape = block.shape;
  Val row = block.item / shape.heads * shape.positions;
  Val column = block.item % shape.heads * shape.features;
  auto at = [&](Val t, Val i) { return SmallVector<Val>{row + t, column + i}; };
  Val from = block.from, to = block.to;
  if (shape.keyBlocks() == 1) {
    block.computeScores(k, 0, to);
    block.exponentiate(k, 0, to, /*first=*/true, [](Val, Val) {});
    block.weighValues(k, 0, to, [&](const ProductBlock &b) {
      Mem sums = block.sums.view({block.sums.size(), 1});
      Value sum = loadColumn(k, viewTile(k, sums, {b.row - from, 0}, b.rows, 1));
      Value mean = mapTiles(k, {b.value, broadcastColumn(k, sum, b.columns)}, {},
                            [](ArrayRef<Val> x) { return x[0] / x[1]; });
      storeTile(k, mean, placeOf(k, b, out, at(b.row, b.column)));
    });
  } else {
    Sums sums = partial.value_or(Sums{out, row, column});
    auto take = [&](Val firstKey, bool first) {
      Val count = min(to - firstKey, shape.keyBlock);
      block.computeScores(k, firstKey, count);
      block.exponentiate(k, firstKey, count, first, [&](Val t, Val factor) {
        k.forColumns(shape.features, [&](Val i, Lanes lanes) {
          sums.memory.store(sums.memory.load(sums.at(from + t, i), lanes) * factor,
                            sums.at(from + t, i), lanes);
        });
      });
      block.weighValues(k, firstKey, count, [&](const ProductBlock &b) {
        Value place = placeOf(k, b, sums.memory, sums.at(b.row, b.column));
        first ? storeTile(k, b.value, place) : addTile(k, b.value, place);
      });
    };
    take(0, /*first=*/true);
    k.loop(shape.keyBlock, to, shape.keyBlock, [&](Val key) { take(key, /*first=*/false); });
    k.loop(0, to - from, 1, [&](Val t) {
      Val inverse = 1.0 / block.sums.load({t});
      k.forColumns(shape.features, [&](Val i, Lanes lanes) {
        out.store(sums.memory.load(sums.at(from + t, i), lanes) * inverse, at(from + t, i), lanes);
      });
    });
  }
  k.loop(0, to - from, 1, [&](Val t) {
    lse.store(block.largest.load({t}) + log(block.sums.load({t})), {block.item, from + t});
  });
}

static SequenceShape shapeOf(SequenceAttentionOp op, const KernelTarget &target) {
  return SequenceShape::of({op.getQ(), op.getK(), op.getV()}, static_cast<int64_t>(op.getHeads()),
                           static_cast<int64_t>(op.getKvHeads()), target);
}

static KernelParameters attentionParameters(SequenceAttentionOp op, const KernelTarget &target) {
  KernelParameters parameters;
  SequenceShape shape = shapeOf(op, target);
  shape.declareBlocks(parameters, target, /*scoreBytes=*/shape.block.narrow() ? 4 + 2 : 4);
  return parameters;
}

static void buildSequenceAttention(SequenceAttentionOp op, ScheduleBuilder &s) {
  SequenceShape shape = shapeOf(op, s.target()).tuned(s);
  Value queries = prepareLeftHeads(s, "pad_queries", shape, op.getQ());
  Value keys = launchPackHeads(s, "pack_keys", shape, s.buffer(op.getK()), shape.kvHeads, true);
  Value values =
      launchPackHeads(s, "pack_values", shape, s.buffer(op.getV()), shape.kvHeads, false);
  int64_t blocks = shape.queryBlocks();
  Shares shares = Shares::of(shape.batch * shape.heads * blocks,
                             shape.queryBlock * shape.positions * (shape.features / 8 + 4) / 2);
  SmallVector<Value> buffers{queries, keys, values, s.buffer(op.getResult()),
                             s.buffer(op.getLse())};
  bool sumsApart = isNarrow(op.getResult()) && shape.keyBlocks() > 1;
  if (sumsApart)
    buffers.push_back(scratch(s, {shares.tasks() * shape.queryBlock, shape.features}));
  launch(s, "attend", shares.tasks(), buffers, [&](Kernel &k) {
    Mem out = k.mem(3).rows(), lse = k.mem(4).rows();
    lse = lse.view({shape.batch * shape.heads, shape.positions});
    SmallVector<int64_t> scoresShape{shape.queryBlock, shape.keyBlock};
    Mem scores = k.stack(scoresShape), weights = scores;
    if (shape.block.narrow())
      weights = k.stack(scoresShape, k.getBuilder().getBF16Type());
    Mem largest = k.stack({shape.queryBlock}), sums = k.stack({shape.queryBlock});
    k.forShare(shares, [&](Val share) {
      Val from = share % blocks * shape.queryBlock;
      QueryBlock block{shape,
                       k.mem(0),
                       shape.transposed().of(k.mem(1), shape.batch * shape.kvHeads),
                       shape.straight().of(k.mem(2), shape.batch * shape.kvHeads),
                       scores,
                       weights,
                       largest,
                       sums,
                       share / blocks,
                       from,
                       min(from + shape.queryBlock, shape.positions)};
      std::optional<Sums> partial;
      if (sumsApart)
        partial = Sums{k.mem(5), k.task * shape.queryBlock - from, 0};
      attend(k, block, out, lse, partial);
    });
  });
}

void attachSequenceAttentionKernels(MLIRContext &context) {
  SequenceAttentionOp::attachInterface<Model<SequenceAttentionOp, buildSequenceAttention>,
                                       Tunable<SequenceAttentionOp, attentionParameters>>(context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sequence_attention_grad: probabilities of a block of queries and keys are computed again
// from lse. Dao, "FlashAttention-2", 2023, algorithm 2. Where there are tasks enough, one pass over
// the blocks gives all; else one gives dq and one dk and dv, which has more tasks.

#include "lib/Kernels/AttentionGradBlocks.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {
/// The packed operands: transposes for scores and their cotangents, straight for products
/// with those.
struct PackedHeads {
  Value keysT, valuesT, keys; // of kvHeads
  Value queries, dOut;        // of heads
};
} // namespace

/// The arguments of all kernels here, in this order; `blocks` reads them.
static SmallVector<Value> arguments(SequenceAttentionGradOp op, ScheduleBuilder &s,
                                    const SequenceShape &shape, const PackedHeads &packed) {
  Value q = prepareLeftHeads(s, "pad_queries", shape, op.getQ());
  Value leftDOut = prepareLeftHeads(s, "pad_cotangent", shape, op.getDResult());
  // Where that is not f32 as it lies, rows of it are read as well.
  Value dOut = shape.block.narrow() ? s.buffer(op.getDResult()) : leftDOut;
  return {s.buffer(op.getResult()),
          dOut,
          s.buffer(op.getLse()),
          q,
          leftDOut,
          packed.keysT,
          packed.valuesT,
          packed.keys,
          packed.queries,
          packed.dOut};
}

static GradBlocks blocks(Kernel &k, const SequenceShape &shape) {
  auto packed = [&](unsigned argument, const Panels &panels, int64_t heads) {
    return panels.of(k.mem(argument), shape.batch * heads);
  };
  GradBlocks blocks{shape,
                    k.mem(0).rows(),
                    k.mem(1).rows(),
                    k.mem(2).view({shape.batch * shape.heads, shape.positions}),
                    k.mem(3),
                    k.mem(4),
                    packed(5, shape.transposed(), shape.kvHeads),
                    packed(6, shape.transposed(), shape.kvHeads),
                    packed(7, shape.straight(), shape.kvHeads),
                    packed(8, shape.straight(), shape.heads),
                    packed(9, shape.straight(), shape.heads),
                    k.stack({shape.queryBlock, shape.keyBlock}),
                    k.stack({shape.queryBlock, shape.keyBlock})};
  blocks.leftP = blocks.p;
  blocks.leftDs = blocks.ds;
  if (shape.block.narrow()) {
    Type bf16 = k.getBuilder().getBF16Type();
    for (Mem *memory : {&blocks.leftP, &blocks.leftDs})
      *memory = k.stack({shape.queryBlock, shape.keyBlock}, bf16);
    for (Mem *memory : {&blocks.turnedP, &blocks.turnedDs})
      *memory = k.stack({shape.keyBlock, shape.queryBlock}, bf16);
  }
  return blocks;
}

/// FLOPs over about 8 for one query and one key of one head.
static int64_t pairCost(const SequenceShape &shape) { return shape.features / 4 + 6; }

static void zeroKeys(Kernel &k, const SequenceShape &shape, Val row, Val from, Val to, Val column,
                     Mem dk, Mem dv) {
  k.loop(from, to, 1, [&](Val t) {
    k.forColumns(shape.features, [&](Val i, Lanes lanes) {
      dk.store(0.0, {row + t, column + i}, lanes);
      dv.store(0.0, {row + t, column + i}, lanes);
    });
  });
}

/// Where a gradient is summed, and where it goes from there if it is bf16.
struct GradTarget {
  Mem sums;
  std::optional<Mem> rounded;

  /// Of rows whose sums are whole.
  void finish(Kernel &k, Val from, Val to, Val column, int64_t columns) const {
    if (!rounded)
      return;
    k.loop(from, to, 1, [&](Val row) {
      k.forColumns(columns, [&](Val i, Lanes lanes) {
        rounded->store(sums.load({row, column + i}, lanes), {row, column + i}, lanes);
      });
    });
  }
};

/// Where dq goes, and whether it is added to what other blocks of keys gave.
struct QueryTarget {
  Mem dq;
  bool accumulate;

  void operator()(Kernel &k, const GradBlocks::Head &head, const ProductBlock &b) const {
    Value place = placeOf(k, b, dq, {head.row + b.row, head.column + b.column});
    accumulate ? addTile(k, b.value, place) : storeTile(k, b.value, place);
  }
};

/// dk and dv of one block of keys of one group of heads; its part of dq as well if that is given.
static void gradOfKeys(Kernel &k, const GradBlocks &blocks, Val batch, Val kvHead, Val firstKey,
                       const GradTarget &dk, const GradTarget &dv, std::optional<QueryTarget> dq) {
  const SequenceShape &shape = blocks.shape;
  Val keyColumn = kvHead * shape.features;
  Val keyEnd = min(firstKey + shape.keyBlock, shape.positions);
  Val row = batch * shape.positions;
  zeroKeys(k, shape, row, firstKey, keyEnd, keyColumn, dk.sums, dv.sums);
  k.loop(0, shape.group(), 1, [&](Val i) {
    GradBlocks::Head head = blocks.head(batch, kvHead * shape.group() + i);
    k.loop(firstKey, shape.positions, shape.queryBlock, [&](Val from) {
      Val to = min(from + shape.queryBlock, shape.positions);
      Val count = min(to, keyEnd) - firstKey;
      blocks.compute(k, head, from, to, firstKey, count);
      blocks.addKeys(k, head, from, to, firstKey, count, keyColumn, dk.sums, dv.sums);
      if (dq)
        blocks.multiplyQueries(k, head, from, to, firstKey, count,
                               [&](const ProductBlock &b) { (*dq)(k, head, b); });
    });
  });
  for (const GradTarget *target : {&dk, &dv})
    target->finish(k, row + firstKey, row + keyEnd, keyColumn, shape.features);
}

static void gradOfQueries(Kernel &k, const GradBlocks &blocks, const GradBlocks::Head &head,
                          Val from, const GradTarget &dq) {
  const SequenceShape &shape = blocks.shape;
  Val to = min(from + shape.queryBlock, shape.positions);
  auto take = [&](Val firstKey, bool first) {
    Val count = min(to - firstKey, shape.keyBlock);
    blocks.compute(k, head, from, to, firstKey, count);
    blocks.multiplyQueries(k, head, from, to, firstKey, count, [&](const ProductBlock &b) {
      QueryTarget{dq.sums, /*accumulate=*/!first}(k, head, b);
    });
  };
  take(0, /*first=*/true);
  k.loop(shape.keyBlock, to, shape.keyBlock, [&](Val key) { take(key, /*first=*/false); });
  dq.finish(k, head.row + from, head.row + to, head.column, shape.features);
}

static SequenceShape shapeOf(SequenceAttentionGradOp op, const KernelTarget &target) {
  return SequenceShape::ofAdjoint({op.getQ(), op.getK(), op.getV(), op.getDResult()},
                                  static_cast<int64_t>(op.getHeads()),
                                  static_cast<int64_t>(op.getKvHeads()), target);
}

static KernelParameters attentionGradParameters(SequenceAttentionGradOp op,
                                                const KernelTarget &target) {
  KernelParameters parameters;
  SequenceShape shape = shapeOf(op, target);
  shape.declareBlocks(parameters, target,
                      /*scoreBytes=*/shape.block.narrow() ? 2 * (4 + 2 + 2) : 2 * 4);
  // Five products where a task has all keys of a group of heads, seven where dq has tasks of its own.
  constexpr int64_t enoughTasks = 4;
  parameters.add({KernelParameter::of(
      parameter::onePass.str(), "whether a task has all keys of a group of heads", {0, 1},
      shape.keyBlocks() == 1 || shape.batch * shape.kvHeads >= enoughTasks)});
  return parameters;
}

static void buildSequenceAttentionGrad(SequenceAttentionGradOp op, ScheduleBuilder &s) {
  SequenceShape shape = shapeOf(op, s.target()).tuned(s);
  auto pack = [&](StringRef name, Value x, int64_t heads, bool transposed) {
    return launchPackHeads(s, name, shape, s.buffer(x), heads, transposed);
  };
  PackedHeads packed{pack("pack_keys_transposed", op.getK(), shape.kvHeads, true),
                     pack("pack_values_transposed", op.getV(), shape.kvHeads, true),
                     pack("pack_keys", op.getK(), shape.kvHeads, false),
                     pack("pack_queries", op.getQ(), shape.heads, false),
                     pack("pack_cotangent", op.getDResult(), shape.heads, false)};
  SmallVector<Value> buffers = arguments(op, s, shape, packed);
  unsigned firstSums = buffers.size();
  for (Value grad : op.getResults())
    buffers.push_back(isNarrow(grad) ? scratch(s, tensorType(grad).getShape()) : s.buffer(grad));
  SmallVector<std::optional<unsigned>> rounded(op->getNumResults()); // arguments of what is bf16
  for (auto [grad, argument] : llvm::zip_equal(op.getResults(), rounded))
    if (isNarrow(grad)) {
      argument = buffers.size();
      buffers.push_back(s.buffer(grad));
    }
  auto target = [&](Kernel &k, unsigned grad) -> GradTarget {
    GradTarget target{k.mem(firstSums + grad).rows(), std::nullopt};
    if (rounded[grad])
      target.rounded = k.mem(*rounded[grad]).rows();
    return target;
  };

  int64_t keyBlocks = shape.keyBlocks();
  bool onePass = s.parameter(parameter::onePass);
  int64_t keyTasks = onePass ? 1 : keyBlocks;
  int64_t pairs = shape.positions * (shape.positions / keyTasks) / 2 + 1;
  Shares keyShares =
      Shares::of(shape.batch * shape.kvHeads * keyTasks, pairs * shape.group() * pairCost(shape));
  auto writeGradOfKeys = [&](Kernel &k) {
    GradBlocks memory = blocks(k, shape);
    GradTarget dq = target(k, 0), dk = target(k, 1), dv = target(k, 2);
    k.forShare(keyShares, [&](Val share) {
      Val item = share / keyTasks, batch = item / shape.kvHeads, kvHead = item % shape.kvHeads;
      if (!onePass)
        return gradOfKeys(k, memory, batch, kvHead, share % keyTasks * shape.keyBlock, dk, dv,
                          std::nullopt);
      gradOfKeys(k, memory, batch, kvHead, 0, dk, dv, QueryTarget{dq.sums, /*accumulate=*/false});
      k.loop(shape.keyBlock, shape.positions, shape.keyBlock, [&](Val firstKey) {
        gradOfKeys(k, memory, batch, kvHead, firstKey, dk, dv,
                   QueryTarget{dq.sums, /*accumulate=*/true});
      });
      int64_t columns = shape.group() * shape.features;
      Val row = batch * shape.positions;
      dq.finish(k, row, row + shape.positions, kvHead * columns, columns);
    });
  };
  launch(s, onePass ? "grad" : "grad_of_keys", keyShares.tasks(), buffers,
         /*contractions=*/onePass ? 5 : 4, writeGradOfKeys);
  if (onePass)
    return;
  int64_t queryBlocks = shape.queryBlocks();
  Shares queryShares = Shares::of(shape.batch * shape.heads * queryBlocks,
                                  shape.queryBlock * shape.positions / 2 * pairCost(shape));
  launch(s, "grad_of_queries", queryShares.tasks(), buffers, /*contractions=*/1, [&](Kernel &k) {
    GradBlocks memory = blocks(k, shape);
    k.forShare(queryShares, [&](Val share) {
      Val item = share / queryBlocks, block = share % queryBlocks;
      gradOfQueries(k, memory, memory.head(item / shape.heads, item % shape.heads),
                    block * shape.queryBlock, target(k, 0));
    });
  });
}

void attachSequenceAttentionGradKernels(MLIRContext &context) {
  SequenceAttentionGradOp::attachInterface<
      Model<SequenceAttentionGradOp, buildSequenceAttentionGrad>,
      Tunable<SequenceAttentionGradOp, attentionGradParameters>>(context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// depth_attention and its adjoint: every position attends its own history of depths.

#include "lib/Kernels/DepthBlock.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

template <typename OpT>
static DepthShape shapeOf(OpT op) {
  return DepthShape::of(op.getQ(), op.getKeys(), static_cast<int64_t>(op.getHeads()),
                        static_cast<int64_t>(op.getKvHeads()));
}

/// Shares of blocks of rows; `cost` is that of a slot of a head.
static Shares sharesOf(const DepthShape &shape, ScheduleBuilder &s, int64_t cost) {
  int64_t rows = shape.blockRows(s.target().lanes());
  return Shares::of(ceilDiv(shape.rows, rows), rows * shape.heads * shape.slots * cost);
}

static Mem historyOf(Kernel &k, const DepthShape &shape, unsigned argument) {
  return k.mem(argument).view({shape.slots, shape.rows, shape.kvWidth()});
}

static void buildDepthAttention(DepthAttentionOp op, ScheduleBuilder &s) {
  DepthShape shape = shapeOf(op);
  SmallVector<Value> buffers{s.buffer(op.getQ()), s.buffer(op.getKeys()), s.buffer(op.getValues()),
                             s.buffer(op.getCount()), s.buffer(op.getResult())};
  Shares shares = sharesOf(shape, s, shape.features / 2 + 32);
  launch(s, "depth_attention", shares.tasks(), buffers, [&](Kernel &k) {
    Mem q = k.mem(0).rows(), out = k.mem(4).rows();
    Mem keys = historyOf(k, shape, 1), values = historyOf(k, shape, 2);
    DepthBlock block(k, shape, k.scalar(3));
    Mem p = block.weights();
    block.forShare(shares, [&] {
      block.multiply(q, keys, p, shape.scale());
      block.softmax(p);
      block.weigh(p, values, out);
    });
  });
}

/// With p the probabilities and dp_s = do . v_s: ds_s = p_s (dp_s - sum p dp) scale,
/// dq = sum ds_s k_s, dk_s = ds_s q, dv_s = p_s do; keys and values of a group of heads sum. Where
/// dk and dv are added to given sums, slots that are not valid are not touched.
static void buildDepthAttentionGrad(DepthAttentionGradOp op, ScheduleBuilder &s) {
  DepthShape shape = shapeOf(op);
  bool accumulate = !op.getSums().empty();
  SmallVector<Value> buffers{s.buffer(op.getQ()),       s.buffer(op.getKeys()),
                             s.buffer(op.getValues()),  s.buffer(op.getCount()),
                             s.buffer(op.getDResult()), s.buffer(op.getDQ()),
                             s.buffer(op.getDKeys()),   s.buffer(op.getDValues())};
  Shares shares = sharesOf(shape, s, shape.features + 64);
  launch(s, "depth_attention_grad", shares.tasks(), buffers, [&](Kernel &k) {
    Mem q = k.mem(0).rows(), dOut = k.mem(4).rows(), dq = k.mem(5).rows();
    Mem keys = historyOf(k, shape, 1), values = historyOf(k, shape, 2);
    Mem dKeys = historyOf(k, shape, 6), dValues = historyOf(k, shape, 7);
    DepthBlock block(k, shape, k.scalar(3));
    Mem p = block.weights(), ds = block.weights();
    block.forShare(shares, [&] {
      block.multiply(q, keys, p, shape.scale());
      block.softmax(p);
      block.multiply(dOut, values, ds);
      block.forPairs([&](Val pair, Lanes lanes) {
        Vals mean = k.loop(0, block.count, 1, {k.f32(0, lanes.width)},
                           [&](Val slot, ArrayRef<Val> carried) -> Vals {
                             return {fma(p.load({slot, pair}, lanes), ds.load({slot, pair}, lanes),
                                         carried[0])};
                           });
        k.loop(0, block.count, 1, [&](Val slot) {
          Val d = ds.load({slot, pair}, lanes) - mean[0];
          ds.store(p.load({slot, pair}, lanes) * d * shape.scale(), {slot, pair}, lanes);
        });
      });
      block.weigh(ds, keys, dq);
      block.spread(ds, q, dKeys, accumulate);
      block.spread(p, dOut, dValues, accumulate);
      if (!accumulate) {
        block.clear(dKeys);
        block.clear(dValues);
      }
    });
  });
}

void attachDepthAttentionKernels(MLIRContext &context) {
  DepthAttentionOp::attachInterface<Model<DepthAttentionOp, buildDepthAttention>>(context);
  DepthAttentionGradOp::attachInterface<
      AccumulatingModel<DepthAttentionGradOp, buildDepthAttentionGrad>>(context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// depth_attention and its adjoint: every position attends its own history of depths.

#include "lib/Kernels/DepthBlock.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

template <typename OpT>
static DepthShape shapeOf(OpT op, const KernelTarget &target) {
  auto heads = static_cast<int64_t>(op.getHeads());
  return {rowsOf(op.getQ()),
          tensorType(op.getKeys()).getDimSize(0),
          heads,
          static_cast<int64_t>(op.getKvHeads()),
          featuresOf(op.getQ()) / heads,
          target.lanes()};
}

static Mem historyOf(Kernel &k, const DepthShape &shape, unsigned argument) {
  return k.mem(argument).view({shape.slots, shape.rows, shape.kvWidth()});
}

static void buildDepthAttention(DepthAttentionOp op, ScheduleBuilder &s) {
  DepthShape shape = shapeOf(op, s.target());
  SmallVector<Value> buffers{s.buffer(op.getQ()), s.buffer(op.getKeys()), s.buffer(op.getValues()),
                             s.buffer(op.getCount()), s.buffer(op.getResult())};
  Shares shares = shape.shares(shape.features / 2 + 32);
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

/// ds = p (ds - sum p ds) scale, over the slots.
static void softmaxGrad(Kernel &k, const DepthBlock &block, Mem p, Mem ds, double scale) {
  block.forPairs([&](Val pair, Lanes lanes) {
    auto both = [&](Val slot) {
      return std::pair(p.load({slot, pair}, lanes), ds.load({slot, pair}, lanes));
    };
    Vals mean = k.loop(0, block.count, 1, {k.f32(0, lanes.width)},
                       [&](Val slot, ArrayRef<Val> carried) -> Vals {
                         auto [probability, d] = both(slot);
                         return {fma(probability, d, carried[0])};
                       });
    k.loop(0, block.count, 1, [&](Val slot) {
      auto [probability, d] = both(slot);
      ds.store(probability * (d - mean[0]) * scale, {slot, pair}, lanes);
    });
  });
}

/// With p the probabilities and dp_s = do . v_s: ds_s = p_s (dp_s - sum p dp) scale,
/// dq = sum ds_s k_s, dk_s = ds_s q, dv_s = p_s do; keys and values of a group of heads sum. Where
/// dk and dv are added to given sums, slots that are not valid are not touched.
static void buildDepthAttentionGrad(DepthAttentionGradOp op, ScheduleBuilder &s) {
  DepthShape shape = shapeOf(op, s.target());
  bool accumulate = !op.getSums().empty();
  SmallVector<Value> buffers{s.buffer(op.getQ()),       s.buffer(op.getKeys()),
                             s.buffer(op.getValues()),  s.buffer(op.getCount()),
                             s.buffer(op.getDResult()), s.buffer(op.getDQ()),
                             s.buffer(op.getDKeys()),   s.buffer(op.getDValues())};
  Shares shares = shape.shares(shape.features + 64);
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
      softmaxGrad(k, block, p, ds, shape.scale());
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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// expert_linear and its adjoint for u: pairs sorted by expert and multiplied in blocks, or one by one
// where there are few.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

/// Blocks of sorted pairs, each multiplied with all weights; what comes out goes to the pairs' rows.
static void launchInBlocks(ExpertLinearOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  SmallVector<Value> buffers{sorted.pairAt, sorted.rowAt, sorted.blocks};
  PlaceFactor u(s, m, op.getU(), buffers);
  unsigned count = op.getWeights().size(), weights = buffers.size(), products = weights + count;
  for (Value weight : op.getWeights())
    buffers.push_back(preparePanels(s, m.toHidden(), m.experts, /*transposed=*/true, weight));
  for (Value product : op.getProducts())
    buffers.push_back(s.buffer(product));
  launch(s, "products", m.blocks(), buffers, /*contractions=*/count, [&](Kernel &k) {
    Mem pairAt = k.mem(0);
    Panels panels = m.toHidden();
    forExpertBlock(k, k.mem(2), [&](Val expert, Val from, Val to) {
      auto left = u.prepare(k, panels, k.mem(1), from, to);
      for (unsigned i = 0; i < count; ++i)
        multiply(k, productRange(m, panels, k.mem(weights + i), expert, from, to), left,
                 [&](const ProductBlock &block) {
                   Mem product = k.mem(products + i).rows();
                   storeTile(k, block.value, placeByPair(k, block, product, pairAt));
                 });
    });
  });
}

/// Few pairs: every pair reads its expert's weights where they are.
static void launchOneByOne(ExpertLinearOp op, ScheduleBuilder &s, const Mixture &m) {
  unsigned count = op.getWeights().size();
  // Rows of two experts in turn: where one comes from memory and the other from a cache, both are on their way at once.
  int64_t together = m.chosen % 2 == 0 ? 2 : 1;
  Shares shares =
      Shares::of(m.pairs() / together * m.hidden, together * (count * m.features / 4 + 16));
  SmallVector<Value> buffers{s.buffer(op.getU()), s.buffer(op.getIds())};
  for (Value weight : op.getWeights())
    buffers.push_back(s.buffer(weight));
  for (Value product : op.getProducts())
    buffers.push_back(s.buffer(product));
  launch(s, "dots", shares.tasks(), buffers, /*contractions=*/count, [&](Kernel &k) {
    Mem u = k.mem(0).rows(), ids = k.mem(1).flat();
    SmallVector<Mem> weights;
    for (unsigned i = 0; i < count; ++i)
      weights.push_back(k.mem(2 + i));
    SmallVector<Mem *> factors{&u};
    for (Mem &weight : weights)
      factors.push_back(&weight);
    bool pairs = keepPairs(k, factors);
    auto multiply = [&](Val pair, Val i) {
      Val expert = k.toIndex(ids.load({pair})), row = pair / m.chosen;
      SmallVector<std::function<Val(Val, Lanes)>> rights;
      for (Mem w : weights)
        rights.push_back([=](Val at, Lanes lanes) { return w.load({expert, i, at}, lanes); });
      Vals sums =
          dots(k, m.features, {[=](Val at, Lanes lanes) { return u.load({row, at}, lanes); }},
               rights, pairs);
      for (auto [j, sum] : llvm::enumerate(sums))
        k.mem(2 + count + j).rows().store(sum, {pair, i});
    };
    k.forShare(shares, [&](Val item) {
      for (int64_t j = 0; j < together; ++j)
        multiply(item / m.hidden * together + j, item % m.hidden);
    });
  });
}

/// Blocks of sorted pairs: what each adds to its row's cotangent, then the sum.
static void launchGrad(ExpertLinearGradOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  Value du = scratch(s, {m.places(), m.features});
  SmallVector<Value> buffers{sorted.pairAt, sorted.blocks, du};
  unsigned count = op.getWeights().size(), weights = buffers.size();
  for (Value weight : op.getWeights())
    buffers.push_back(preparePanels(s, m.toFeatures(), m.experts, /*transposed=*/false, weight));
  SmallVector<PlaceFactor> cotangents;
  for (Value cotangent : op.getDProducts())
    cotangents.emplace_back(s, m, cotangent, buffers);
  launch(s, "products", m.blocks(), buffers, /*contractions=*/count, [&](Kernel &k) {
    Mem pairAt = k.mem(0), du = k.mem(2);
    Panels panels = m.toFeatures();
    auto place = [&](const ProductBlock &block) {
      return placeOf(k, block, du, {block.row, block.column});
    };
    forExpertBlock(k, k.mem(1), [&](Val expert, Val from, Val to) {
      for (auto [i, cotangent] : llvm::enumerate(cotangents))
        multiplyInto(k, productRange(m, panels, k.mem(weights + i), expert, from, to),
                     cotangent.prepare(k, panels, pairAt, from, to), {place, i > 0});
    });
  });
  launchCombine(s, "combine", m, du, sorted.placeOf, {}, s.buffer(op.getDU()));
}

/// Of products of `lefts` with `weights`.
static Mixture mixtureOf(ValueRange weights, ValueRange lefts, Value ids,
                         const KernelTarget &target) {
  ArrayRef<int64_t> shape = tensorType(weights.front()).getShape();
  bool narrow = llvm::all_of(lefts, isNarrow) && llvm::all_of(weights, isNarrow);
  return Mixture::of(ids, shape[0], shape[2], shape[1], narrow, target);
}

static Mixture mixtureOf(ExpertLinearOp op, const KernelTarget &target) {
  return mixtureOf(op.getWeights(), op.getU(), op.getIds(), target);
}

static Mixture mixtureOf(ExpertLinearGradOp op, const KernelTarget &target) {
  return mixtureOf(op.getWeights(), op.getDProducts(), op.getIds(), target);
}

static KernelParameters linearParameters(ExpertLinearOp op, const KernelTarget &target) {
  return mixtureOf(op, target).forwardParameters(target);
}

static KernelParameters gradParameters(ExpertLinearGradOp op, const KernelTarget &target) {
  KernelParameters parameters;
  mixtureOf(op, target).declareBlocks(parameters, target);
  return parameters;
}

template <typename OpT>
static int64_t expertsOf(OpT op) {
  return tensorType(op.getWeights().front()).getDimSize(0);
}

static void buildLinear(ExpertLinearOp op, ScheduleBuilder &s) {
  Mixture m = mixtureOf(op, s.target()).tuned(s);
  requireExperts(s, op.getIds(), m.experts);
  m.readsInPlace(s) ? launchOneByOne(op, s, m) : launchInBlocks(op, s, m);
}

static void buildLinearGrad(ExpertLinearGradOp op, ScheduleBuilder &s) {
  launchGrad(op, s, mixtureOf(op, s.target()).tuned(s));
}

void attachExpertLinearKernels(MLIRContext &context) {
  ExpertLinearOp::attachInterface<
      Model<ExpertLinearOp, buildLinear>,
      Tunable<ExpertLinearOp, linearParameters, expertsOf<ExpertLinearOp>>>(context);
  ExpertLinearGradOp::attachInterface<
      Model<ExpertLinearGradOp, buildLinearGrad>,
      Tunable<ExpertLinearGradOp, gradParameters, expertsOf<ExpertLinearGradOp>>>(context);
}

} // namespace dreamer::kernels

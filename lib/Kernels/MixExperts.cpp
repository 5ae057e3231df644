// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts: pairs sorted by expert and multiplied in blocks, or one by one where there
// are few.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

/// silu(a) * b of the places `from` .. `to`-1, whose pairs' rows a and b have, as rows of `hidden` [places, f or
/// more]; 0 in places that hold no pair and in the columns that are more.
static void storeHidden(Kernel &k, const Mixture &m, Mem a, Mem b, Mem pairAt, Val from, Val to,
                        Mem hidden) {
  int64_t more = hidden.features() - m.hidden;
  k.loop(from, to, 1, [&](Val place) {
    Val id = pairAt.load({place, 0}), there = less(-1, id), pair = k.toIndex(max(id, 0));
    k.forColumns(m.hidden, [&](Val i, Lanes lanes) {
      Val y = swiglu(a.load({pair, i}, lanes), b.load({pair, i}, lanes));
      hidden.store(select(there, y, 0), {place, i}, lanes);
    });
    if (more)
      k.forColumns(more, [&](Val i, Lanes lanes) {
        hidden.store(k.f32(0, lanes.width), {place, i + m.hidden}, lanes);
      });
  });
}

/// Blocks of sorted pairs: hidden = silu(a) * b, rounded where bf16 is multiplied as it is, value = W2 hidden, then
/// the sum.
static void launchInBlocks(MixExpertsOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  Value hidden =
      scratch(s, {m.places(), m.block.paddedDepth(m.hidden)}, m.block.factorType(s.builder()));
  Value values = scratch(s, {m.places(), m.features});
  Value w2 = preparePanels(s, m.toFeatures(), m.experts, /*transposed=*/true, op.getW2());
  launch(
      s, "values", m.blocks(),
      {s.buffer(op.getA()), s.buffer(op.getB()), sorted.pairAt, sorted.blocks, w2, hidden, values},
      /*contractions=*/1, [&](Kernel &k) {
        Mem a = k.mem(0).rows(), b = k.mem(1).rows(), hidden = k.mem(5), values = k.mem(6);
        Panels panels = m.toFeatures();
        forExpertBlock(k, k.mem(3), [&](Val expert, Val from, Val to) {
          storeHidden(k, m, a, b, k.mem(2), from, to, hidden);
          multiplyInto(k, productRange(m, panels, k.mem(4), expert, from, to),
                       [&](Val place, int64_t rows, DepthRange depth) {
                         return leftFactor(k, panels, hidden, {place, 0}, rows, depth);
                       },
                       {[&](const ProductBlock &block) {
                         return placeOf(k, block, values, {block.row, block.column});
                       }});
        });
      });
  launchCombine(s, "combine", m, values, sorted.placeOf, s.buffer(op.getGates()),
                s.buffer(op.getResult()));
}

/// Few pairs: every pair reads its expert's weights where they are.
static void launchOneByOne(MixExpertsOp op, ScheduleBuilder &s, const Mixture &m) {
  constexpr int64_t cost = 8;
  int64_t elements = m.pairs() * m.hidden;
  Value hidden = scratch(s, {m.pairs(), m.hidden}, m.block.factorType(s.builder()));
  Shares vectors = elementShares(s, elements, cost);
  launch(s, "hidden", vectors.tasks(), {s.buffer(op.getA()), s.buffer(op.getB()), hidden},
         [&](Kernel &k) {
           Mem a = k.mem(0).flat(), b = k.mem(1).flat(), hidden = k.mem(2).flat();
           forElements(k, vectors, elements, [&](Val i, Lanes lanes) {
             hidden.store(swiglu(a.load({i}, lanes), b.load({i}, lanes)), {i}, lanes);
           });
         });
  Shares shares = Shares::of(m.rows * m.features, m.chosen * (m.hidden / 2 + 16));
  launch(s, "combine", shares.tasks(),
         {hidden, s.buffer(op.getIds()), s.buffer(op.getGates()), s.buffer(op.getW2()),
          s.buffer(op.getResult())},
         /*contractions=*/1, [&](Kernel &k) {
           Mem hidden = k.mem(0), ids = k.mem(1).flat(), gates = k.mem(2).flat(), w2 = k.mem(3);
           Mem out = k.mem(4).rows();
           bool pairs = keepPairs(k, {&hidden, &w2});
           int64_t lanes = lanesOfSums(k, m.hidden, pairs);
           k.forShare(shares, [&](Val item) {
             Val row = item / m.features, i = item % m.features;
             Vals sums = k.loop(0, m.chosen, 1, {k.f32(0, lanes)}, [&](Val j, ArrayRef<Val> sums) {
               Val pair = row * m.chosen + j, expert = k.toIndex(ids.load({pair}));
               Vals value = laneSums(
                   k, m.hidden, {[&](Val at, Lanes l) { return hidden.load({pair, at}, l); }},
                   {[&](Val at, Lanes l) { return w2.load({expert, i, at}, l); }}, pairs);
               return Vals{fma(splat(gates.load({pair}), lanes), value[0], sums[0])};
             });
             out.store(sumLanes(sums[0]), {row, i});
           });
         });
}

static Mixture mixtureOf(MixExpertsOp op, const KernelTarget &target) {
  ArrayRef<int64_t> w2 = tensorType(op.getW2()).getShape();
  return Mixture::of(op.getIds(), w2[0], w2[1], w2[2], isNarrow(op.getW2()), target);
}

static int64_t expertsOf(MixExpertsOp op) { return tensorType(op.getW2()).getDimSize(0); }

static KernelParameters mixtureParameters(MixExpertsOp op, const KernelTarget &target) {
  return mixtureOf(op, target).forwardParameters(target);
}

static void buildMixExperts(MixExpertsOp op, ScheduleBuilder &s) {
  Mixture m = mixtureOf(op, s.target()).tuned(s);
  requireExperts(s, op.getIds(), m.experts);
  m.readsInPlace(s) ? launchOneByOne(op, s, m) : launchInBlocks(op, s, m);
}

void attachMixExpertsKernels(MLIRContext &context) {
  MixExpertsOp::attachInterface<Model<MixExpertsOp, buildMixExperts>,
                                Tunable<MixExpertsOp, mixtureParameters, expertsOf>>(context);
}

} // namespace dreamer::kernels

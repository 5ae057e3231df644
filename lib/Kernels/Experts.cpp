// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts: pairs sorted by expert and multiplied in blocks, or one by one where there
// are few.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

/// Blocks of sorted pairs: hidden = silu(W1 u) * (W3 u), value = W2 hidden, then the sum.
static void launchInBlocks(MixExpertsOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  auto pack = [&](StringRef name, const Panels &panels, Value w) {
    return launchPack(s, name, panels, m.experts, /*transposed=*/true, s.buffer(w));
  };
  Value w1 = pack("pack_w1", m.toHidden(), op.getW1());
  Value w3 = pack("pack_w3", m.toHidden(), op.getW3());
  Value w2 = pack("pack_w2", m.toFeatures(), op.getW2());
  Value hidden = scratch(s, {m.places(), m.hidden});
  Value values = scratch(s, {m.places(), m.features});
  SmallVector<Value> buffers{launchWiden(s, s.buffer(op.getU())),
                             sorted.pairAt,
                             sorted.blocks,
                             w1,
                             w3,
                             w2,
                             hidden,
                             values};
  launch(s, "experts", m.blocks(), buffers, /*contractions=*/3, [&](Kernel &k) {
    Mem u = k.mem(0).rows(), pairAt = k.mem(1), hidden = k.mem(6), values = k.mem(7);
    forExpertBlock(k, k.mem(2), [&](Val expert, Val from, Val to) {
      // A place that holds no pair computes row 0 again; nobody reads it.
      auto input = [&](Val place, Val i) {
        return u.load({k.toIndex(max(pairAt.load({place}), 0)) / m.chosen, i});
      };
      auto product = [&](const Panels &panels, unsigned weights, ReadA a, StoreC store) {
        multiply(k, panels, k.mem(weights), expert * panels.size(), {from, to}, 0, panels.count(),
                 0, panels.depth, a, store);
      };
      product(m.toHidden(), 3, input,
              [&](Val place, Val i, Val a, Lanes lanes) { hidden.store(a, {place, i}, lanes); });
      product(m.toHidden(), 4, input, [&](Val place, Val i, Val b, Lanes lanes) {
        hidden.store(swiglu(hidden.load({place, i}, lanes), b), {place, i}, lanes);
      });
      product(
          m.toFeatures(), 5, [&](Val place, Val i) { return hidden.load({place, i}); },
          [&](Val place, Val i, Val value, Lanes lanes) {
            values.store(value, {place, i}, lanes);
          });
    });
  });
  launchCombine(s, "combine", m, values, sorted.placeOf, s.buffer(op.getGates()),
                s.buffer(op.getResult()));
}

/// Few pairs: every pair reads its expert's weights where they are.
static void launchOneByOne(MixExpertsOp op, ScheduleBuilder &s, const Mixture &m) {
  Value hidden = scratch(s, {m.pairs(), m.hidden});
  Shares hiddenShares = Shares::of(m.pairs() * m.hidden, m.features / 2 + 16);
  SmallVector<Value> buffers{s.buffer(op.getU()), s.buffer(op.getIds()), s.buffer(op.getW1()),
                             s.buffer(op.getW3()), hidden};
  launch(s, "hidden", hiddenShares.tasks(), buffers, /*contractions=*/2, [&](Kernel &k) {
    Mem u = k.mem(0).rows(), ids = k.mem(1).flat(), w1 = k.mem(2), w3 = k.mem(3), out = k.mem(4);
    k.forShare(hiddenShares, [&](Val item) {
      Val pair = item / m.hidden, i = item % m.hidden;
      Val expert = k.toIndex(ids.load({pair})), row = pair / m.chosen;
      auto weights = [=](Mem w) {
        return [=](Val at, Lanes lanes) { return w.load({expert, i, at}, lanes); };
      };
      Vals sums =
          dots(k, m.features, {[=](Val at, Lanes lanes) { return u.load({row, at}, lanes); }},
               {weights(w1), weights(w3)});
      out.store(swiglu(sums[0], sums[1]), {pair, i});
    });
  });
  Shares shares = Shares::of(m.rows * m.features, m.chosen * (m.hidden / 2 + 16));
  launch(s, "combine", shares.tasks(),
         {hidden, s.buffer(op.getIds()), s.buffer(op.getGates()), s.buffer(op.getW2()),
          s.buffer(op.getResult())},
         /*contractions=*/1, [&](Kernel &k) {
           Mem hidden = k.mem(0), ids = k.mem(1).flat(), gates = k.mem(2).flat(), w2 = k.mem(3);
           Mem out = k.mem(4).rows();
           k.forShare(shares, [&](Val item) {
             Val row = item / m.features, i = item % m.features;
             Vals sum = k.loop(0, m.chosen, 1, {k.f32(0)}, [&](Val j, ArrayRef<Val> carried) {
               Val pair = row * m.chosen + j, expert = k.toIndex(ids.load({pair}));
               Val value = dot(
                   k, m.hidden, [&](Val at, Lanes l) { return hidden.load({pair, at}, l); },
                   [&](Val at, Lanes l) { return w2.load({expert, i, at}, l); });
               return Vals{fma(gates.load({pair}), value, carried[0])};
             });
             out.store(sum[0], {row, i});
           });
         });
}

static void buildMixExperts(MixExpertsOp op, ScheduleBuilder &s) {
  RankedTensorType w1 = tensorType(op.getW1());
  Mixture m{rowsOf(op.getU()),     featuresOf(op.getIds()), w1.getDimSize(0),
            featuresOf(op.getU()), w1.getDimSize(1),        RegisterBlock::of(s.target())};
  s.requireRange(s.buffer(op.getIds()), 0, m.experts,
                 ("expert ids: expected ids in [0, " + Twine(m.experts) + ")").str());
  if (m.rows < fewRows || m.pairs() <= m.experts)
    return launchOneByOne(op, s, m);
  launchInBlocks(op, s, m);
}

void attachExpertKernels(MLIRContext &context) {
  MixExpertsOp::attachInterface<Model<MixExpertsOp, buildMixExperts>>(context);
}

} // namespace dreamer::kernels

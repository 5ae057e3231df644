// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts: pairs sorted by expert and multiplied in blocks, or one by one where there
// are few.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

/// Blocks of sorted pairs: hidden = silu(W1 u) * (W3 u), value = W2 hidden, then the sum. Where bf16 is
/// multiplied as it is, rows are gathered first and hidden is rounded.
static void launchInBlocks(MixExpertsOp op, ScheduleBuilder &s, const Mixture &m) {
  bool narrow = m.block.narrow();
  Type bf16 = s.builder().getBF16Type();
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  auto pack = [&](const Panels &panels, Value w) {
    return preparePanels(s, panels, m.experts, /*transposed=*/true, w);
  };
  Value w1 = pack(m.toHidden(), op.getW1());
  Value w3 = pack(m.toHidden(), op.getW3());
  Value w2 = pack(m.toFeatures(), op.getW2());
  Value hidden = scratch(s, {m.places(), m.hidden});
  Value values = scratch(s, {m.places(), m.features});
  SmallVector<Value> buffers{narrow ? s.buffer(op.getU()) : prepareWide(s, op.getU()),
                             sorted.rowAt,
                             sorted.blocks,
                             w1,
                             w3,
                             w2,
                             hidden,
                             values};
  if (narrow) {
    buffers.push_back(scratch(s, {m.places(), m.block.paddedDepth(m.features)}, bf16));
    buffers.push_back(scratch(s, {m.places(), m.block.paddedDepth(m.hidden)}, bf16));
  }
  launch(s, "experts", m.blocks(), buffers, /*contractions=*/3, [&](Kernel &k) {
    Mem u = k.mem(0).rows(), rowAt = k.mem(1), hidden = k.mem(6), values = k.mem(7);
    Mem gathered = narrow ? k.mem(8) : u, rounded = narrow ? k.mem(9) : hidden;
    forExpertBlock(k, k.mem(2), [&](Val expert, Val from, Val to) {
      Panels toHidden = m.toHidden(), toFeatures = m.toFeatures();
      auto range = [&](const Panels &panels, unsigned weights) {
        return productRange(m, panels, k.mem(weights), expert, from, to);
      };
      auto input = [&](Val place, int64_t rows, DepthRange depth) {
        return narrow ? leftFactor(k, toHidden, gathered, {place, 0}, rows, depth)
                      : gatherRows(k, u, rowAt, place, rows, m.features);
      };
      auto storeTo = [&k](Mem into) {
        return [&k, into](const ProductBlock &block) {
          return placeOf(k, block, into, {block.row, block.column});
        };
      };
      if (narrow)
        copyRows(k, u, rowAt, from, to, gathered);
      multiplyInto(k, range(toHidden, 3), input, {storeTo(hidden)});
      multiply(k, range(toHidden, 4), input, [&](const ProductBlock &b) {
        Value place = placeOf(k, b, hidden, {b.row, b.column});
        Value y = mapTiles(k, {loadTile(k, place), b.value}, {},
                           [](ArrayRef<Val> x) { return swiglu(x[0], x[1]); });
        narrow ? storeNarrow(k, b, y, rounded, m.hidden) : storeTile(k, y, place);
      });
      multiplyInto(k, range(toFeatures, 5),
                   [&](Val place, int64_t rows, DepthRange depth) {
                     return leftFactor(k, toFeatures, rounded, {place, 0}, rows, depth);
                   },
                   {storeTo(values)});
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
    bool pairs = keepPairs(k, {&u, &w1, &w3});
    k.forShare(hiddenShares, [&](Val item) {
      Val pair = item / m.hidden, i = item % m.hidden;
      Val expert = k.toIndex(ids.load({pair})), row = pair / m.chosen;
      auto weights = [=](Mem w) {
        return [=](Val at, Lanes lanes) { return w.load({expert, i, at}, lanes); };
      };
      Vals sums =
          dots(k, m.features, {[=](Val at, Lanes lanes) { return u.load({row, at}, lanes); }},
               {weights(w1), weights(w3)}, pairs);
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

static Mixture mixtureOf(MixExpertsOp op, const KernelTarget &target) {
  return Mixture::of(op.getU(), op.getIds(), op.getW1(), target);
}

/// Whether there are so few pairs that each may read its expert's weights by itself.
static bool mayReadInPlace(const Mixture &m) {
  constexpr int64_t mostPairs = 256;
  return m.pairs() <= std::max(mostPairs, m.experts);
}

static int64_t expertsOf(MixExpertsOp op) { return tensorType(op.getW1()).getDimSize(0); }

static KernelParameters mixtureParameters(MixExpertsOp op, const KernelTarget &target) {
  KernelParameters parameters;
  Mixture m = mixtureOf(op, target);
  if (mayReadInPlace(m))
    parameters.add({KernelParameter::of(parameter::packWeights.str(),
                                        "whether weights are packed before they are multiplied",
                                        {0, 1}, m.rows >= fewRowsInLoop && m.pairs() > m.experts)});
  m.declareBlocks(parameters, target);
  return parameters;
}

static void buildMixExperts(MixExpertsOp op, ScheduleBuilder &s) {
  Mixture m = mixtureOf(op, s.target()).tuned(s);
  s.requireRange(s.buffer(op.getIds()), 0, m.experts,
                 ("expert ids: expected ids in [0, " + Twine(m.experts) + ")").str());
  if (mayReadInPlace(m) && !s.parameter(parameter::packWeights))
    return launchOneByOne(op, s, m);
  launchInBlocks(op, s, m);
}

void attachExpertKernels(MLIRContext &context) {
  MixExpertsOp::attachInterface<Model<MixExpertsOp, buildMixExperts>,
                                Tunable<MixExpertsOp, mixtureParameters, expertsOf>>(context);
}

} // namespace dreamer::kernels

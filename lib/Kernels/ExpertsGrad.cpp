// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts_grad. With a = W1 u, b = W3 u, y = silu(a) * b and e = W2^T dout:
// dgate = e . y, dy = gate e, da and db from dy by the adjoint of swiglu,
// du = W1^T da + W3^T db, dW1 = da u^T, dW3 = db u^T, dW2 = gate dout y^T, the last three
// summed over the expert's rows.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {
/// Scratch of the adjoint, by place; all 0 in places that hold no pair, but for `uPanels`.
struct GradRows {
  Value da, db;  // [places, f]
  Value yPanels; // gate * y as a right-hand matrix [places, f], packed
  Value uPanels; // u as a right-hand matrix [places, h], packed
  Value du;      // [places, h]
};
} // namespace

static Panels yLayout(const Mixture &m) { return {m.places(), m.hidden, m.block}; }
static Panels uLayout(const Mixture &m) { return {m.places(), m.features, m.block}; }

/// Everything but the weights' gradients, for one block of places.
static void gradOfBlock(Kernel &k, const Mixture &m, Val expert, Val from, Val to) {
  Mem u = k.mem(0).rows(), gates = k.mem(1).flat(), dOut = k.mem(2).rows(), pairAt = k.mem(3);
  Mem da = k.mem(10), db = k.mem(11), yPanels = k.mem(12), uPanels = k.mem(13), du = k.mem(14);
  Mem dGates = k.mem(15).flat();
  int64_t lanes = m.block.lanes;
  Mem dGateLanes = k.stack({m.blockRows(), lanes});

  auto row = [&](Val place) { return k.toIndex(max(pairAt.load({place}), 0)) / m.chosen; };
  auto gate = [&](Val place) {
    Val pair = pairAt.load({place});
    return select(less(pair, 0), 0.0, gates.load({k.toIndex(max(pair, 0))}));
  };
  auto product = [&](const Panels &panels, unsigned weights, ReadA a, StoreC store) {
    multiply(k, panels, k.mem(weights), expert * panels.size(), {from, to}, 0, panels.count(), 0,
             panels.depth, a, store);
  };
  auto input = [&](Val place, Val i) { return u.load({row(place), i}); };
  auto storeTo = [](Mem into) {
    return [into](Val place, Val i, Val value, Lanes l) { into.store(value, {place, i}, l); };
  };
  forPanels(k, uLayout(m), 0, uLayout(m).count(), [&](Panel panel) {
    packPanel(k, uLayout(m), panel, from, to, uPanels, 0,
              [&](Val place, Val column, Lanes l) { return u.load({row(place), column}, l); });
  });
  product(m.toHidden(), 5, input, storeTo(da)); // holds a until e is known
  product(m.toHidden(), 6, input, storeTo(db)); // holds b
  k.loop(from, to, 1,
         [&](Val place) { dGateLanes.store(0.0, {place - from, 0}, Lanes::all(lanes)); });
  Panels y = yLayout(m);
  product(
      m.toHidden(), 9, [&](Val place, Val i) { return dOut.load({row(place), i}); },
      [&](Val place, Val i, Val e, Lanes l) {
        Val a = da.load({place, i}, l), b = db.load({place, i}, l), g = gate(place);
        auto [newDa, newDb] = swigluGrad(a, b, e * g);
        Val value = swiglu(a, b);
        da.store(newDa, {place, i}, l);
        db.store(newDb, {place, i}, l);
        Val sum = dGateLanes.load({place - from, 0}, Lanes::all(lanes));
        dGateLanes.store(sum + e * value, {place - from, 0}, Lanes::all(lanes));
        // Panels of y are as wide as the product's own.
        Val panel = i / y.width(), within = i % y.width();
        int64_t tail = y.tailVectors() * y.block.lanes;
        Val width =
            tail == 0 ? Val(y.width()) : select(less(panel, y.whole()), k.index(y.width()), tail);
        yPanels.store(value * g, {panel * (y.depth * y.width()) + place * width + within},
                      Lanes::all(lanes));
      });
  k.loop(from, to, 1, [&](Val place) {
    Val pair = pairAt.load({place});
    k.when(less(-1, pair), [&] {
      Val sum = sumLanes(dGateLanes.load({place - from, 0}, Lanes::all(lanes)));
      dGates.store(sum, {k.toIndex(pair)});
    });
  });
  product(m.toFeatures(), 7, [&](Val place, Val i) { return da.load({place, i}); }, storeTo(du));
  product(
      m.toFeatures(), 8, [&](Val place, Val i) { return db.load({place, i}); },
      [&](Val place, Val i, Val value, Lanes l) {
        du.store(du.load({place, i}, l) + value, {place, i}, l);
      });
}

/// One launch per weight: dW [N, rows, columns] of expert e is the sum over its places of
/// a(place, row) times the packed right-hand matrix.
static void launchWeightGrad(ScheduleBuilder &s, StringRef name, const Mixture &m, Value starts,
                             Value left, Value pairAt, const Panels &right, Value packed,
                             int64_t rows, Value out) {
  Panels average = right;
  average.depth = ceilDiv(m.places(), m.experts);
  Tiles tiles = Tiles::of(rows, average);
  SmallVector<Value> buffers{starts, left, packed, out};
  if (pairAt)
    buffers.push_back(pairAt);
  launch(s, name, m.experts * tiles.tasks(), buffers, /*contractions=*/1, [&](Kernel &k) {
    Mem starts = k.mem(0), left = k.mem(1).rows(), out = k.mem(3);
    Val expert = k.task / tiles.tasks(), tile = k.task % tiles.tasks();
    Val from = k.toIndex(starts.load({expert})), to = k.toIndex(starts.load({expert + 1}));
    multiplyTile(
        k, right, tiles, tile, k.mem(2), 0, from, to,
        [&](Val row, Val place) {
          if (pairAt)
            place = k.toIndex(max(k.mem(4).load({place}), 0)) / m.chosen;
          return left.load({place, row});
        },
        [&](Val row, Val column, Val value, Lanes lanes) {
          out.store(value, {expert, row, column}, lanes);
        });
  });
}

static void buildMixExpertsGrad(MixExpertsGradOp op, ScheduleBuilder &s) {
  RankedTensorType w1 = tensorType(op.getW1());
  Mixture m{rowsOf(op.getU()),     featuresOf(op.getIds()), w1.getDimSize(0),
            featuresOf(op.getU()), w1.getDimSize(1),        RegisterBlock::of(s.target())};
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  auto pack = [&](StringRef name, const Panels &panels, bool transposed, Value w) {
    return launchPack(s, name, panels, m.experts, transposed, s.buffer(w));
  };
  GradRows rows{scratch(s, {m.places(), m.hidden}), scratch(s, {m.places(), m.hidden}),
                scratch(s, {yLayout(m).size()}), scratch(s, {uLayout(m).size()}),
                scratch(s, {m.places(), m.features})};
  Value dOut = launchWiden(s, s.buffer(op.getDResult()));
  SmallVector<Value> buffers{launchWiden(s, s.buffer(op.getU())),
                             s.buffer(op.getGates()),
                             dOut,
                             sorted.pairAt,
                             sorted.blocks,
                             pack("pack_w1_transposed", m.toHidden(), true, op.getW1()),
                             pack("pack_w3_transposed", m.toHidden(), true, op.getW3()),
                             pack("pack_w1", m.toFeatures(), false, op.getW1()),
                             pack("pack_w3", m.toFeatures(), false, op.getW3()),
                             pack("pack_w2", m.toHidden(), false, op.getW2()),
                             rows.da,
                             rows.db,
                             rows.yPanels,
                             rows.uPanels,
                             rows.du,
                             s.buffer(op.getDGates())};
  launch(s, "grad_of_rows", m.blocks(), buffers, /*contractions=*/5, [&](Kernel &k) {
    forExpertBlock(k, k.mem(4),
                   [&](Val expert, Val from, Val to) { gradOfBlock(k, m, expert, from, to); });
  });
  launchCombine(s, "combine", m, rows.du, sorted.placeOf, {}, s.buffer(op.getDU()));
  launchWeightGrad(s, "grad_of_w1", m, sorted.starts, rows.da, {}, uLayout(m), rows.uPanels,
                   m.hidden, s.buffer(op.getDW1()));
  launchWeightGrad(s, "grad_of_w3", m, sorted.starts, rows.db, {}, uLayout(m), rows.uPanels,
                   m.hidden, s.buffer(op.getDW3()));
  launchWeightGrad(s, "grad_of_w2", m, sorted.starts, dOut, sorted.pairAt, yLayout(m), rows.yPanels,
                   m.features, s.buffer(op.getDW2()));
}

void attachExpertGradKernels(MLIRContext &context) {
  MixExpertsGradOp::attachInterface<Model<MixExpertsGradOp, buildMixExpertsGrad>>(context);
}

} // namespace dreamer::kernels

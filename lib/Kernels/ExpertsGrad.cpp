// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts_grad, where factors are f32 in registers. With a = W1 u, b = W3 u, y = silu(a) * b and e = W2^T dout:
// dgate = e . y, dy = gate e, da and db from dy by the adjoint of swiglu,
// du = W1^T da + W3^T db, dW1 = da u^T, dW3 = db u^T, dW2 = gate dout y^T, the last three
// summed over the expert's rows.

#include "lib/Kernels/ExpertsGrad.h"
#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {
/// Scratch of the adjoint, by place; all 0 in places that hold no pair.
struct GradRows {
  Value da, db;  // [places, f]
  Value dOut;    // [places, h]: rows of the result's cotangent
  Value yPanels; // gate * y as a right-hand matrix [places, f], packed
  Value uPanels; // u as a right-hand matrix [places, h], packed
  Value du;      // [places, h]
};

/// Which argument of the kernel `grad_of_rows` is what.
enum Argument : unsigned {
  U,
  Gates,
  DOut,
  PairAt,
  RowAt,
  Blocks,
  W1Transposed,
  W3Transposed,
  W1,
  W3,
  W2,
  Da,
  Db,
  DOutAt,
  YPanels,
  UPanels,
  Du,
  DGates
};
} // namespace

static Panels yLayout(const Mixture &m) { return {m.places(), m.hidden, m.block}; }
static Panels uLayout(const Mixture &m) { return {m.places(), m.features, m.block}; }

/// Everything but the weights' gradients, for one block of places.
static void gradOfBlock(Kernel &k, const Mixture &m, Val expert, Val from, Val to) {
  Mem u = k.mem(U).rows(), dOut = k.mem(DOut).rows(), pairAt = k.mem(PairAt), rowAt = k.mem(RowAt);
  Mem gates = k.mem(Gates).view({m.pairs(), 1}), dGates = k.mem(DGates).flat();
  Mem da = k.mem(Da), db = k.mem(Db), dOutAt = k.mem(DOutAt), du = k.mem(Du);
  Panels y = yLayout(m);
  Mem yPanels = y.of(k.mem(YPanels), 1);
  int64_t step = m.block.rows, width = m.toHidden().width();
  // e * y summed over the panels passed so far; its row sums are the gates' gradients.
  Mem dGateTiles = k.stack({m.blockRows, width});

  auto product = [&](const Panels &panels, unsigned weights, LeftFactor a, Epilogue epilogue) {
    ProductRange range{
        panels, panels.of(k.mem(weights), m.experts), expert, {from, to}, Val(0), panels.count()};
    multiply(k, range, a, epilogue);
  };
  auto byPlace = [&](const Panels &panels, Mem memory) {
    return [&k, &panels, memory](Val place, int64_t rows, DepthRange depth) {
      return leftFactor(k, panels, memory, {place, 0}, rows, depth);
    };
  };
  auto input = [&](Val place, int64_t rows, DepthRange) {
    return gatherRows(k, u, rowAt, place, rows, m.features);
  };
  auto storeTo = [&k](Mem into) {
    return [&k, into](const ProductBlock &block) {
      storeTile(k, block.value, placeOf(k, block, into, {block.row, block.column}));
    };
  };
  k.loop(from, to, step, [&](Val place) {
    k.create<tile::CopyOp>(gatherRows(k, dOut, rowAt, place, step, m.features),
                           viewTile(k, dOutAt, {place, 0}, step, m.features));
    storeTile(k, fillTile(k, 0, step, width),
              viewTile(k, dGateTiles, {place - from, 0}, step, width));
  });
  forPanels(k, uLayout(m), 0, uLayout(m).count(), [&](Panel panel) {
    packPanel(k, uLayout(m), panel, from, to, k.mem(UPanels), 0,
              [&](Val place, Val column, Lanes lanes) {
                Val row = rowAt.load({place, 0});
                return u.load({k.toIndex(max(row, 0)), column}, lanes);
              });
  });
  Panels toHidden = m.toHidden(), toFeatures = m.toFeatures();
  product(toHidden, W1Transposed, input, storeTo(da)); // holds a until e is known
  product(toHidden, W3Transposed, input, storeTo(db)); // holds b
  product(toHidden, W2, byPlace(toHidden, dOutAt), [&](const ProductBlock &e) {
    Value aPlace = placeOf(k, e, da, {e.row, e.column}),
          bPlace = placeOf(k, e, db, {e.row, e.column});
    Value gate = loadColumn(k, gatherRows(k, gates, pairAt, e.row, e.rows, 1));
    SmallVector<Value> tiles{loadTile(k, aPlace), loadTile(k, bPlace), e.value,
                             broadcastColumn(k, gate, e.columns)};
    SmallVector<Value> grads = mapTilesToMany(k, tiles, {}, gradsOfHidden);
    storeTile(k, grads[0], aPlace);
    storeTile(k, grads[1], bPlace);
    addTile(k, grads[2],
            viewTile(k, dGateTiles, {e.row - from, 0}, e.rows, e.columns, tile::Order::rows,
                     TileSize{e.rows, e.valid}));
    // Panels of y are as wide as the product's own.
    storeTile(k, grads[3],
              viewTile(k, yPanels, {e.column / y.width(), e.row, 0}, e.rows, e.columns));
  });
  storeGateGrads(k, pairAt, from, to, dGateTiles, dGates);
  product(toFeatures, W1, byPlace(toFeatures, da), storeTo(du));
  product(toFeatures, W3, byPlace(toFeatures, db), [&](const ProductBlock &block) {
    addTile(k, block.value, placeOf(k, block, du, {block.row, block.column}));
  });
}

static void launchWide(MixExpertsGradOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  auto pack = [&](const Panels &panels, bool transposed, Value w) {
    return preparePanels(s, panels, m.experts, transposed, w);
  };
  GradRows rows{scratch(s, {m.places(), m.hidden}),   scratch(s, {m.places(), m.hidden}),
                scratch(s, {m.places(), m.features}), scratch(s, {yLayout(m).size()}),
                scratch(s, {uLayout(m).size()}),      scratch(s, {m.places(), m.features})};
  // As `Argument` numbers them.
  SmallVector<Value> buffers{prepareWide(s, op.getU()),
                             s.buffer(op.getGates()),
                             prepareWide(s, op.getDResult()),
                             sorted.pairAt,
                             sorted.rowAt,
                             sorted.blocks,
                             pack(m.toHidden(), true, op.getW1()),
                             pack(m.toHidden(), true, op.getW3()),
                             pack(m.toFeatures(), false, op.getW1()),
                             pack(m.toFeatures(), false, op.getW3()),
                             pack(m.toHidden(), false, op.getW2()),
                             rows.da,
                             rows.db,
                             rows.dOut,
                             rows.yPanels,
                             rows.uPanels,
                             rows.du,
                             s.buffer(op.getDGates())};
  launch(s, "grad_of_rows", m.blocks(), buffers, /*contractions=*/5, [&](Kernel &k) {
    forExpertBlock(k, k.mem(Blocks),
                   [&](Val expert, Val from, Val to) { gradOfBlock(k, m, expert, from, to); });
  });
  launchCombine(s, "combine", m, rows.du, sorted.placeOf, {}, s.buffer(op.getDU()));
  bool accumulate = !op.getSums().empty();
  auto weightGrad = [&](StringRef name, Value left, const Panels &right, Value packed, int64_t size,
                        Value out) {
    launchWeightGrad(s, name, m, sorted.starts, left, right, packed, size, s.buffer(out),
                     accumulate);
  };
  weightGrad("grad_of_w1", rows.da, uLayout(m), rows.uPanels, m.hidden, op.getDW1());
  weightGrad("grad_of_w3", rows.db, uLayout(m), rows.uPanels, m.hidden, op.getDW3());
  weightGrad("grad_of_w2", rows.dOut, yLayout(m), rows.yPanels, m.features, op.getDW2());
}

static Mixture mixtureOf(MixExpertsGradOp op, const KernelTarget &target) {
  return Mixture::of(op.getU(), op.getIds(), op.getW1(), target);
}

static int64_t expertsOf(MixExpertsGradOp op) { return tensorType(op.getW1()).getDimSize(0); }

static KernelParameters mixtureGradParameters(MixExpertsGradOp op, const KernelTarget &target) {
  KernelParameters parameters;
  Mixture m = mixtureOf(op, target);
  declareTiles(parameters, m.block, /*depth=*/-1);
  m.declareBlocks(parameters, target);
  return parameters;
}

static void buildMixExpertsGrad(MixExpertsGradOp op, ScheduleBuilder &s) {
  Mixture m = mixtureOf(op, s.target()).tuned(s);
  m.block.narrow() ? launchNarrowGrad(op, s, m) : launchWide(op, s, m);
}

void attachExpertGradKernels(MLIRContext &context) {
  MixExpertsGradOp::attachInterface<AccumulatingModel<MixExpertsGradOp, buildMixExpertsGrad>,
                                    Tunable<MixExpertsGradOp, mixtureGradParameters, expertsOf>>(
      context);
}

} // namespace dreamer::kernels

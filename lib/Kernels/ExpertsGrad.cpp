// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts_grad, where factors are f32 in registers. With a = W1 u, b = W3 u, y = silu(a) * b and
// e = W2^T dout: dgate = e . y, dy = gate e, da and db from dy by the adjoint of swiglu,
// du = W1^T da + W3^T db.

#include "lib/Kernels/ExpertsGrad.h"
#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {
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
  DaAt, ///< [places, f]
  DbAt,
  DuAt, ///< [places, the larger of f and h]
  Da,   ///< [pairs, f]
  Db,
  Gated,
  DGates
};
} // namespace

Vals gradsOfHidden(ArrayRef<Val> x) {
  Val a = x[0], b = x[1], e = x[2], gate = x[3], y = swiglu(a, b);
  auto [da, db] = swigluGrad(a, b, e * gate);
  return {da, db, e * y, y * gate};
}

void storeByPair(Kernel &k, const Mixture &m, Mem pairAt, Val from, Val to, Mem dGateTiles,
                 Mem dGates, ArrayRef<std::pair<Mem, Mem>> hidden) {
  k.loop(from, to, 1, [&](Val place) {
    Val pair = pairAt.load({place, 0});
    k.when(less(-1, pair), [&] {
      Val at = k.toIndex(pair);
      dGates.store(k.sumColumns(dGateTiles.features(),
                                [&](Val i, Lanes lanes) {
                                  return dGateTiles.load({place - from, i}, lanes);
                                }),
                   {at});
      for (auto [byPlace, result] : hidden)
        k.forColumns(m.hidden, [&, byPlace = byPlace, result = result](Val i, Lanes lanes) {
          result.rows().store(byPlace.load({place, i}, lanes), {at, i}, lanes);
        });
    });
  });
}

/// All of it for one block of places.
static void gradOfBlock(Kernel &k, const Mixture &m, Val expert, Val from, Val to) {
  Mem u = k.mem(U).rows(), dOut = k.mem(DOut).rows(), pairAt = k.mem(PairAt), rowAt = k.mem(RowAt);
  Mem gates = k.mem(Gates).view({m.pairs(), 1}), dGates = k.mem(DGates).flat();
  Mem da = k.mem(DaAt), db = k.mem(DbAt), du = k.mem(DuAt);
  Mem gated = du; // which comes when gated has been copied to its result
  int64_t step = m.block.rows, width = m.toHidden().width();
  // e * y summed over the panels passed so far; its row sums are the gates' gradients.
  Mem dGateTiles = k.stack({m.blockRows, width});

  auto product = [&](const Panels &panels, unsigned weights, LeftFactor a, Epilogue epilogue) {
    multiply(k, productRange(m, panels, k.mem(weights), expert, from, to), a, epilogue);
  };
  auto byPlace = [&](const Panels &panels, Mem memory) {
    return [&k, &panels, memory](Val place, int64_t rows, DepthRange depth) {
      return leftFactor(k, panels, memory, {place, 0}, rows, depth);
    };
  };
  auto byRow = [&](Mem matrix) {
    return [&k, &m, matrix, rowAt](Val place, int64_t rows, DepthRange) {
      return gatherRows(k, matrix, rowAt, place, rows, m.features);
    };
  };
  auto storeTo = [&k](Mem into) {
    return [&k, into](const ProductBlock &block) {
      storeTile(k, block.value, placeOf(k, block, into, {block.row, block.column}));
    };
  };
  k.loop(from, to, step, [&](Val place) {
    storeTile(k, fillTile(k, 0, step, width),
              viewTile(k, dGateTiles, {place - from, 0}, step, width));
  });
  Panels toHidden = m.toHidden(), toFeatures = m.toFeatures();
  product(toHidden, W1Transposed, byRow(u), storeTo(da)); // holds a until e is known
  product(toHidden, W3Transposed, byRow(u), storeTo(db)); // holds b
  product(toHidden, W2, byRow(dOut), [&](const ProductBlock &e) {
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
    storeTile(k, grads[3], placeOf(k, e, gated, {e.row, e.column}));
  });
  storeByPair(k, m, pairAt, from, to, dGateTiles, dGates,
              {{da, k.mem(Da)}, {db, k.mem(Db)}, {gated, k.mem(Gated)}});
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
  auto ofPlaces = [&](int64_t columns) { return scratch(s, {m.places(), columns}); };
  Value du = ofPlaces(std::max(m.features, m.hidden));
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
                             ofPlaces(m.hidden),
                             ofPlaces(m.hidden),
                             du,
                             s.buffer(op.getDA()),
                             s.buffer(op.getDB()),
                             s.buffer(op.getGated()),
                             s.buffer(op.getDGates())};
  launch(s, "grad_of_rows", m.blocks(), buffers, /*contractions=*/5, [&](Kernel &k) {
    forExpertBlock(k, k.mem(Blocks),
                   [&](Val expert, Val from, Val to) { gradOfBlock(k, m, expert, from, to); });
  });
  launchCombine(s, "combine", m, du, sorted.placeOf, {}, s.buffer(op.getDU()));
}

static Mixture mixtureOf(MixExpertsGradOp op, const KernelTarget &target) {
  return Mixture::of(op.getU(), op.getIds(), op.getW1(), target);
}

static int64_t expertsOf(MixExpertsGradOp op) { return tensorType(op.getW1()).getDimSize(0); }

static KernelParameters mixtureGradParameters(MixExpertsGradOp op, const KernelTarget &target) {
  KernelParameters parameters;
  mixtureOf(op, target).declareBlocks(parameters, target);
  return parameters;
}

static void buildMixExpertsGrad(MixExpertsGradOp op, ScheduleBuilder &s) {
  Mixture m = mixtureOf(op, s.target()).tuned(s);
  m.block.narrow() ? launchNarrowGrad(op, s, m) : launchWide(op, s, m);
}

void attachExpertGradKernels(MLIRContext &context) {
  MixExpertsGradOp::attachInterface<Model<MixExpertsGradOp, buildMixExpertsGrad>,
                                    Tunable<MixExpertsGradOp, mixtureGradParameters, expertsOf>>(
      context);
}

} // namespace dreamer::kernels

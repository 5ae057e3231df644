// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts_grad where bf16 is multiplied as it is. As in ExpertsGrad.cpp, but left factors are rounded
// when they have been gathered or computed, and lie in padded rows.

#include "lib/Kernels/ExpertsGrad.h"

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
  DaAt,     ///< f32 [places, f]
  DbAt,     ///< f32 [places, f]
  DuAt,     ///< f32 [places, the larger of f and h]
  URows,    ///< [places, h], as all rows padded, 0 in places that hold no pair
  DOutRows, ///< [places, h]
  DaRows,   ///< [places, f]
  DbRows,   ///< [places, f]
  Da,       ///< f32 [pairs, f]
  Db,
  Gated,
  DGates
};
} // namespace

/// All of it for one block of places.
static void gradOfBlock(Kernel &k, const Mixture &m, Val expert, Val from, Val to) {
  Mem rowAt = k.mem(RowAt), pairAt = k.mem(PairAt), da = k.mem(DaAt), db = k.mem(DbAt);
  Mem gates = k.mem(Gates).view({m.pairs(), 1}), du = k.mem(DuAt);
  Mem gated = du; // which comes when gated has been copied to its result
  Panels toHidden = m.toHidden(), toFeatures = m.toFeatures();
  int64_t width = toHidden.width();
  // e * y summed over the panels passed so far; its row sums are the gates' gradients.
  Mem dGateTiles = k.stack({m.blockRows, width});

  auto range = [&](const Panels &panels, unsigned weights) {
    return productRange(m, panels, k.mem(weights), expert, from, to);
  };
  auto factor = [&](const Panels &panels, unsigned memory) {
    return [&k, &panels, memory](Val place, int64_t rows, DepthRange depth) {
      return leftFactor(k, panels, k.mem(memory), {place, 0}, rows, depth);
    };
  };
  auto into = [&k](Mem memory) {
    return [&k, memory](const ProductBlock &block) {
      return placeOf(k, block, memory, {block.row, block.column});
    };
  };
  copyRows(k, k.mem(U).rows(), rowAt, from, to, k.mem(URows));
  copyRows(k, k.mem(DOut).rows(), rowAt, from, to, k.mem(DOutRows));
  k.loop(0, to - from, 1, [&](Val row) {
    k.forColumns(width, [&](Val i, Lanes lanes) {
      dGateTiles.store(k.f32(0, lanes.width), {row, i}, lanes);
    });
  });
  multiplyInto(k, range(toHidden, W1Transposed), factor(toHidden, URows),
               {into(da)}); // holds a until e is known
  multiplyInto(k, range(toHidden, W3Transposed), factor(toHidden, URows), {into(db)}); // holds b
  multiply(k, range(toHidden, W2), factor(toHidden, DOutRows), [&](const ProductBlock &e) {
    Value aPlace = into(da)(e), bPlace = into(db)(e);
    Value gate = loadColumn(k, gatherRows(k, gates, pairAt, e.row, e.rows, 1));
    SmallVector<Value> tiles{loadTile(k, aPlace), loadTile(k, bPlace), e.value,
                             broadcastColumn(k, gate, e.columns)};
    SmallVector<Value> grads = mapTilesToMany(k, tiles, {}, gradsOfHidden);
    storeTile(k, grads[0], aPlace);
    storeTile(k, grads[1], bPlace);
    storeNarrow(k, e, grads[0], k.mem(DaRows), m.hidden);
    storeNarrow(k, e, grads[1], k.mem(DbRows), m.hidden);
    addTile(k, grads[2],
            viewTile(k, dGateTiles, {e.row - from, 0}, e.rows, e.columns, tile::Order::rows,
                     TileSize{e.rows, e.valid}));
    storeTile(k, grads[3], into(gated)(e));
  });
  storeByPair(k, m, pairAt, from, to, dGateTiles, k.mem(DGates).flat(),
              {{da, k.mem(Da)}, {db, k.mem(Db)}, {gated, k.mem(Gated)}});
  multiplyInto(k, range(toFeatures, W1), factor(toFeatures, DaRows), {into(du)});
  multiplyInto(k, range(toFeatures, W3), factor(toFeatures, DbRows), {into(du), true});
}

void launchNarrowGrad(MixExpertsGradOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  auto pack = [&](const Panels &panels, bool transposed, Value w) {
    return preparePanels(s, panels, m.experts, transposed, w);
  };
  auto ofPlaces = [&](int64_t columns) { return scratch(s, {m.places(), columns}); };
  auto rows = [&](int64_t columns) {
    return scratch(s, {m.places(), m.block.paddedDepth(columns)}, s.builder().getBF16Type());
  };
  // As `Argument` numbers them.
  SmallVector<Value> buffers{s.buffer(op.getU()),
                             s.buffer(op.getGates()),
                             s.buffer(op.getDResult()),
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
                             ofPlaces(std::max(m.features, m.hidden)),
                             rows(m.features),
                             rows(m.features),
                             rows(m.hidden),
                             rows(m.hidden),
                             s.buffer(op.getDA()),
                             s.buffer(op.getDB()),
                             s.buffer(op.getGated()),
                             s.buffer(op.getDGates())};
  launch(s, "grad_of_rows", m.blocks(), buffers, /*contractions=*/5, [&](Kernel &k) {
    forExpertBlock(k, k.mem(Blocks),
                   [&](Val expert, Val from, Val to) { gradOfBlock(k, m, expert, from, to); });
  });
  launchCombine(s, "combine", m, buffers[DuAt], sorted.placeOf, {}, s.buffer(op.getDU()));
}

} // namespace dreamer::kernels

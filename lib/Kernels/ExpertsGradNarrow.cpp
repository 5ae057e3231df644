// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts_grad where bf16 is multiplied as it is. As in ExpertsGrad.cpp, but factors are rounded when they
// have been computed, and lie as products want them: left factors in rows, transposed for the weights'
// gradients, right factors in panels of pairs of rows.

#include "lib/Kernels/ExpertsGrad.h"
#include "lib/Kernels/NarrowPack.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {
/// Which argument of the kernel `grad_of_rows` is what; from A on scratch, all 0 in places that
/// hold no pair. Rows and depths are padded.
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
  DGates,
  A,           ///< f32 [places, f]
  B,           ///< f32 [places, f]
  Du,          ///< f32 [places, h]
  URows,       ///< [places, h]
  DOutRows,    ///< [places, h]
  DaRows,      ///< [places, f]
  DbRows,      ///< [places, f]
  YRows,       ///< [places, f]: gate * y
  UPanels,     ///< u as a right factor [places, h]
  YPanels,     ///< gate * y as a right factor [places, f]
  DaColumns,   ///< [f, places]
  DbColumns,   ///< [f, places]
  DOutColumns, ///< [h, places]
};
} // namespace

static Panels yLayout(const Mixture &m) { return {m.places(), m.hidden, m.block}; }
static Panels uLayout(const Mixture &m) { return {m.places(), m.features, m.block}; }

/// Rows `from` .. `to`-1 as a right factor.
static void packRows(Kernel &k, const Panels &panels, Mem rows, Val from, Val to, Mem packed) {
  Mem raw = rows.asItIs();
  forPanels(k, panels, 0, panels.count(), [&](Panel panel) {
    packPairs(k, panels, panel, from, to, packed, 0,
              [&](Val place, Val column, Lanes lanes) { return raw.load({place, column}, lanes); });
  });
}

/// Rows `from` .. `to`-1 as columns.
static void transpose(Kernel &k, const Mixture &m, Mem rows, int64_t size, Val from, Val to,
                      Mem columns) {
  constexpr int64_t side = 16;
  Mem raw = rows.asItIs();
  k.loop(from, to, m.run(), [&](Val place) {
    auto square = [&](Val column, int64_t valid, int64_t written) {
      transposeRows(
          k, [&](int64_t i) { return raw.load({place + i, column}, Lanes{side, valid}); }, columns,
          column, written, place, m.run());
    };
    int64_t whole = size / side * side;
    k.loop(0, whole, side, [&](Val column) { square(column, side, side); });
    if (whole < size)
      square(whole, size - whole, columns.size(0) - whole);
  });
}

/// Everything but the weights' gradients, for one block of places.
static void gradOfBlock(Kernel &k, const Mixture &m, Val expert, Val from, Val to) {
  Mem a = k.mem(A), b = k.mem(B), du = k.mem(Du), rowAt = k.mem(RowAt), pairAt = k.mem(PairAt);
  Mem gates = k.mem(Gates).view({m.pairs(), 1});
  Panels toHidden = m.toHidden(), toFeatures = m.toFeatures();
  int64_t width = toHidden.width();
  // e * y summed over the panels passed so far; its row sums are the gates' gradients.
  Mem dGateTiles = k.stack({m.blockRows, width});

  auto range = [&](const Panels &panels, unsigned weights) {
    return ProductRange{
        panels, panels.of(k.mem(weights), m.experts), expert, {from, to}, Val(0), panels.count()};
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
  multiplyInto(k, range(toHidden, W1Transposed), factor(toHidden, URows), {into(a)});
  multiplyInto(k, range(toHidden, W3Transposed), factor(toHidden, URows), {into(b)});
  multiply(k, range(toHidden, W2), factor(toHidden, DOutRows), [&](const ProductBlock &e) {
    Value gate = loadColumn(k, gatherRows(k, gates, pairAt, e.row, e.rows, 1));
    SmallVector<Value> tiles{loadTile(k, placeOf(k, e, a, {e.row, e.column})),
                             loadTile(k, placeOf(k, e, b, {e.row, e.column})), e.value,
                             broadcastColumn(k, gate, e.columns)};
    SmallVector<Value> grads = mapTilesToMany(k, tiles, {}, gradsOfHidden);
    storeNarrow(k, e, grads[0], k.mem(DaRows), m.hidden);
    storeNarrow(k, e, grads[1], k.mem(DbRows), m.hidden);
    storeNarrow(k, e, grads[3], k.mem(YRows), m.hidden);
    addTile(k, grads[2],
            viewTile(k, dGateTiles, {e.row - from, 0}, e.rows, e.columns, tile::Order::rows,
                     TileSize{e.rows, e.valid}));
  });
  storeGateGrads(k, pairAt, from, to, dGateTiles, k.mem(DGates).flat());
  multiplyInto(k, range(toFeatures, W1), factor(toFeatures, DaRows), {into(du)});
  multiplyInto(k, range(toFeatures, W3), factor(toFeatures, DbRows), {into(du), true});
  packRows(k, uLayout(m), k.mem(URows), from, to, k.mem(UPanels));
  packRows(k, yLayout(m), k.mem(YRows), from, to, k.mem(YPanels));
  transpose(k, m, k.mem(DaRows), m.hidden, from, to, k.mem(DaColumns));
  transpose(k, m, k.mem(DbRows), m.hidden, from, to, k.mem(DbColumns));
  transpose(k, m, k.mem(DOutRows), m.features, from, to, k.mem(DOutColumns));
}

void launchNarrowGrad(MixExpertsGradOp op, ScheduleBuilder &s, const Mixture &m) {
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  Type bf16 = s.builder().getBF16Type();
  auto pack = [&](const Panels &panels, bool transposed, Value w) {
    return preparePanels(s, panels, m.experts, transposed, w);
  };
  auto rows = [&](int64_t size) {
    return scratch(s, {m.places(), m.block.paddedDepth(size)}, bf16);
  };
  auto columns = [&](int64_t size) {
    return scratch(s, {roundUp(size, m.block.rowStep()), m.places()}, bf16);
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
                             s.buffer(op.getDGates()),
                             scratch(s, {m.places(), m.hidden}),
                             scratch(s, {m.places(), m.hidden}),
                             scratch(s, {m.places(), m.features}),
                             rows(m.features),
                             rows(m.features),
                             rows(m.hidden),
                             rows(m.hidden),
                             rows(m.hidden),
                             scratch(s, {uLayout(m).size()}, bf16),
                             scratch(s, {yLayout(m).size()}, bf16),
                             columns(m.hidden),
                             columns(m.hidden),
                             columns(m.features)};
  launch(s, "grad_of_rows", m.blocks(), buffers, /*contractions=*/5, [&](Kernel &k) {
    forExpertBlock(k, k.mem(Blocks),
                   [&](Val expert, Val from, Val to) { gradOfBlock(k, m, expert, from, to); });
  });
  launchCombine(s, "combine", m, buffers[Du], sorted.placeOf, {}, s.buffer(op.getDU()));
  auto weightGrad = [&](StringRef name, Argument left, const Panels &right, Argument packed,
                        int64_t size, Value out) {
    launchWeightGrad(s, name, m, sorted.starts, buffers[left], right, buffers[packed], size,
                     s.buffer(out), /*accumulate=*/!op.getSums().empty());
  };
  weightGrad("grad_of_w1", DaColumns, uLayout(m), UPanels, m.hidden, op.getDW1());
  weightGrad("grad_of_w3", DbColumns, uLayout(m), UPanels, m.hidden, op.getDW3());
  weightGrad("grad_of_w2", DOutColumns, yLayout(m), YPanels, m.features, op.getDW2());
}

} // namespace dreamer::kernels

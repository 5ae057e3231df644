// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of matrices. Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", 2008; packing is in GemmPack.cpp.

#include "lib/Kernels/Gemm.h"

using namespace mlir;

namespace dreamer::kernels {

RegisterBlock RegisterBlock::of(const KernelTarget &target) {
  // 16 registers hold 6 x 2 accumulators, 2 vectors of B and a broadcast element of A; 32
  // registers hold 6 x 4.
  return {6, target.vectorBits >= 512 ? 4 : 2, target.lanes()};
}

void forPanels(Kernel &k, const Panels &panels, Val from, Val to, function_ref<void(Panel)> body) {
  int64_t whole = panels.whole(), lanes = panels.block.lanes;
  k.loop(from, min(to, whole), 1,
         [&](Val panel) { body({panel, panels.block.vectors, Lanes::all(lanes)}); });
  if (whole == panels.count())
    return;
  int64_t vectors = panels.tailVectors();
  int64_t valid = panels.columns % panels.width() - (vectors - 1) * lanes;
  if (from.isInteger() && to.isInteger()) {
    if (from.getInteger() <= whole && whole < to.getInteger())
      body({whole, vectors, {lanes, valid}});
    return;
  }
  k.when(less(whole, to), [&] { body({whole, vectors, {lanes, valid}}); });
}

Val addressInPanel(const Panels &panels, Panel panel, Val k, int64_t vector) {
  return panel.index * (panels.depth * panels.width()) + k * (panel.vectors * panels.block.lanes) +
         vector * panels.block.lanes;
}

/// `count` rows of C from `row` on, one panel: the block in registers.
static void multiplyBlock(Kernel &kernel, const Panels &panels, Mem packed, Val base, Val row,
                          int64_t count, Panel panel, Val from, Val to, ReadA a, StoreC store,
                          BeginC begin) {
  int64_t lanes = panels.block.lanes;
  constexpr int64_t line = 16; // f32 in 64 bytes
  if (begin)
    for (int64_t i = 0; i < count; ++i)
      for (int64_t at = 0; at < panel.vectors * lanes; at += line)
        begin(row + i, panel.index * panels.width() + at);
  Vals sums(count * panel.vectors, kernel.f32(0, lanes));
  Val start = base + addressInPanel(panels, panel, 0, 0);
  sums = kernel.loop(from, to, 1, sums, [&](Val k, ArrayRef<Val> carried) {
    Val at = start + k * (panel.vectors * lanes);
    Vals b, next;
    for (int64_t j = 0; j < panel.vectors; ++j)
      b.push_back(packed.load({at + j * lanes}, Lanes::all(lanes)));
    for (int64_t i = 0; i < count; ++i) {
      Val element = splat(a(row + i, k), lanes);
      for (int64_t j = 0; j < panel.vectors; ++j)
        next.push_back(fma(element, b[j], carried[i * panel.vectors + j]));
    }
    return next;
  });
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < panel.vectors; ++j)
      store(row + i, panel.index * panels.width() + j * lanes, sums[i * panel.vectors + j],
            panel.lanes(j));
}

void multiply(Kernel &k, const Panels &panels, Mem packed, Val base, RowRange rows, Val panelFrom,
              Val panelTo, Val from, Val to, ReadA a, StoreC store, BeginC begin) {
  int64_t step = panels.block.rows;
  int64_t rest = rows.end < 0 ? 0 : rows.end % step;
  forPanels(k, panels, panelFrom, panelTo, [&](Panel panel) {
    auto block = [&](Val row, int64_t count) {
      multiplyBlock(k, panels, packed, base, row, count, panel, from, to, a, store, begin);
    };
    Val whole = rows.end < 0 ? rows.to : min(rows.to, rows.end - rest);
    k.loop(rows.from, whole, step, [&](Val row) { block(row, step); });
    if (rest == 0)
      return;
    if (rows.to.isInteger()) {
      if (rows.to.getInteger() >= rows.end)
        block(rows.end - rest, rest);
      return;
    }
    k.when(less(rows.end - rest, rows.to), [&] { block(rows.end - rest, rest); });
  });
}

Tiles Tiles::of(int64_t rows, const Panels &panels) {
  // About 1.5 MFLOP a task, 15 to 30 us; a task's rows of A stay in a 256 KiB cache.
  constexpr int64_t grain = 1500000, cache = 256 * 1024;
  int64_t step = panels.block.rows, n = panels.columns, depth = panels.depth;
  int64_t wanted = std::max<int64_t>(1, 2 * rows * n * depth / grain);
  int64_t perTask = roundUp(ceilDiv(rows, wanted), step);
  int64_t cached = std::max(step, cache / (4 * depth) / step * step);
  perTask = std::min(std::max(perTask, std::min(4 * step, roundUp(rows, step))), cached);
  int64_t rowTiles = ceilDiv(rows, perTask);
  int64_t panelTiles = std::clamp<int64_t>(wanted / rowTiles, 1, panels.count());
  return {rows, panels.count(), perTask, ceilDiv(panels.count(), panelTiles)};
}

void multiplyTile(Kernel &k, const Panels &panels, const Tiles &tiles, Val tile, Mem packed,
                  Val base, Val from, Val to, ReadA a, StoreC store, BeginC begin) {
  Val rowTile = tiles.rowTiles() == 1 ? Val(0) : tile / tiles.panelTiles();
  Val panelTile = tiles.panelTiles() == 1 ? Val(0) : tile % tiles.panelTiles();
  auto range = [](Val tile, int64_t step, int64_t end) {
    return std::pair(tile * step, min(tile * step + step, end));
  };
  auto [row, rowEnd] = range(rowTile, tiles.rowsPerTask, tiles.rows);
  auto [panel, panelEnd] = range(panelTile, tiles.panelsPerTask, tiles.panels);
  multiply(k, panels, packed, base, {row, rowEnd, tiles.rows}, panel, panelEnd, from, to, a, store,
           begin);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of matrices. Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", 2008; packing is in GemmPack.cpp.

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/TunableOpInterface.h"

using namespace mlir;

namespace dreamer::kernels {

RegisterBlock RegisterBlock::of(const KernelTarget &target) {
  // 16 registers hold 6 x 2 accumulators, 2 vectors of B and a broadcast element of A; 32
  // registers hold 6 x 4.
  return {6, target.vectorBits >= 512 ? 4 : 2, target.lanes()};
}

/// A parameter that the operation need not declare.
static int64_t parameterOr(const ScheduleBuilder &s, StringRef name, int64_t usual) {
  return isa<TunableOpInterface>(s.operation()) ? s.parameter(name) : usual;
}

RegisterBlock RegisterBlock::of(const ScheduleBuilder &s) {
  RegisterBlock usual = of(s.target());
  return {parameterOr(s, parameter::blockRows, usual.rows),
          parameterOr(s, parameter::blockVectors, usual.vectors), usual.lanes};
}

void forPanels(Kernel &k, const Panels &panels, Val from, Val to, function_ref<void(Panel)> body) {
  int64_t whole = panels.whole(), lanes = panels.block.lanes;
  k.loop(from, min(to, whole), 1,
         [&](Val panel) { body({panel, panels.width() / lanes, Lanes::all(lanes)}); });
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
  return panel.index * (panels.depth * panels.width()) + k * panels.width() +
         vector * panels.block.lanes;
}

/// How much of a tile is there.
static std::optional<TileSize> partOf(Val rows, const DepthRange &depth) {
  return depth.count ? std::optional(TileSize{rows, *depth.count}) : std::nullopt;
}

Value leftFactor(Kernel &k, const Panels &panels, Mem memory, ArrayRef<Val> at, int64_t rows,
                 DepthRange depth, tile::Order order) {
  Vals start(at);
  Val &first = order == tile::Order::rows ? start.back() : start[start.size() - 2];
  first = first + depth.from;
  return viewTile(k, memory, start, rows, panels.depth, order, partOf(rows, depth));
}

Value placeOf(Kernel &k, const ProductBlock &block, Mem memory, ArrayRef<Val> at, bool whole) {
  return viewTile(k, memory, at, block.rows, block.columns, tile::Order::rows,
                  TileSize{block.rows, whole ? block.columns : block.valid});
}

void multiply(Kernel &k, const Panels &panels, Mem packed, Val matrix, RowRange rows, Val panelFrom,
              Val panelTo, DepthRange depth, LeftFactor a, Epilogue epilogue, Epilogue prologue) {
  int64_t step = panels.block.rows;
  int64_t rest = rows.end < 0 ? 0 : rows.end % step;
  forPanels(k, panels, panelFrom, panelTo, [&](Panel panel) {
    int64_t columns = panel.vectors * panels.block.lanes;
    Value b = viewTile(k, packed, {matrix * panels.count() + panel.index, depth.from, 0},
                       panels.depth, columns, tile::Order::rows,
                       depth.count ? std::optional(TileSize{*depth.count, columns}) : std::nullopt);
    auto block = [&](Val row, int64_t count) {
      ProductBlock block{row,
                         panel.index * panels.width(),
                         count,
                         columns,
                         columns - panels.block.lanes + panel.last.valid,
                         Value()};
      if (prologue)
        prologue(block);
      block.value = multiplyTiles(k, a(row, count, depth), b, fillTile(k, 0, count, columns));
      epilogue(block);
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

static bool isCut(int64_t depth, int64_t chunk) { return depth > 2 * chunk; }

Tiles Tiles::of(const ScheduleBuilder &s, int64_t rows, const Panels &panels) {
  return of(rows, panels, parameterOr(s, parameter::taskWork, usualTaskWork),
            parameterOr(s, parameter::depthChunk, usualDepthChunk));
}

Tiles Tiles::of(int64_t rows, const Panels &panels, int64_t taskWork, int64_t depthChunk) {
  // A task's rows of A stay in a 256 KiB cache.
  constexpr int64_t cache = 256 * 1024;
  int64_t grain = 1000 * taskWork;
  int64_t step = panels.block.rows, n = panels.columns, depth = panels.depth;
  int64_t wanted = std::max<int64_t>(1, 2 * rows * n * depth / grain);
  int64_t perTask = roundUp(ceilDiv(rows, wanted), step);
  int64_t used = isCut(depth, depthChunk) ? depthChunk : depth;
  int64_t cached = std::max(step, cache / (4 * used) / step * step);
  perTask = std::min(std::max(perTask, std::min(4 * step, roundUp(rows, step))), cached);
  int64_t rowTiles = ceilDiv(rows, perTask);
  int64_t panelTiles = std::clamp<int64_t>(wanted / rowTiles, 1, panels.count());
  return {rows, panels.count(), perTask, ceilDiv(panels.count(), panelTiles), depthChunk};
}

std::pair<Val, Val> Tiles::placeOf(Val tile) const {
  return {rowTiles() == 1 ? Val(0) : tile / panelTiles(),
          panelTiles() == 1 ? Val(0) : tile % panelTiles()};
}

void multiplyTile(Kernel &k, const Panels &panels, const Tiles &tiles, Val tile, Mem packed,
                  Val matrix, DepthRange depth, LeftFactor a, Target target) {
  auto [rowTile, panelTile] = tiles.placeOf(tile);
  auto range = [](Val tile, int64_t step, int64_t end) {
    return std::pair(tile * step, min(tile * step + step, end));
  };
  auto [row, rowEnd] = range(rowTile, tiles.rowsPerTask, tiles.rows);
  auto [panel, panelEnd] = range(panelTile, tiles.panelsPerTask, tiles.panels);
  auto part = [&](DepthRange depth, bool accumulate) {
    auto store = [&](const ProductBlock &block) {
      Value place = target.place(block);
      accumulate ? addTile(k, block.value, place) : storeTile(k, block.value, place);
    };
    auto prefetch = [&](const ProductBlock &block) {
      k.create<tile::PrefetchOp>(target.place(block));
    };
    multiply(k, panels, packed, matrix, {row, rowEnd, tiles.rows}, panel, panelEnd, depth, a, store,
             accumulate ? Epilogue(prefetch) : Epilogue());
  };
  // A long sum is cut, so that its part of a panel and of a block's rows stay in the first-level cache.
  int64_t longest = tiles.depthChunk;
  if (depth.count || !isCut(panels.depth, longest))
    return part(depth, target.accumulate);
  int64_t parts = ceilDiv(panels.depth, longest), step = roundUp(ceilDiv(panels.depth, parts), 4);
  int64_t rest = panels.depth % step;
  if (!target.accumulate)
    part({0, step}, false);
  k.loop(target.accumulate ? 0 : step, panels.depth - rest, step,
         [&](Val from) { part({from, step}, true); });
  if (rest)
    part({panels.depth - rest, rest}, true);
}

} // namespace dreamer::kernels

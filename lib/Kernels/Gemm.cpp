// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of matrices. Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", 2008; packing is in GemmPack.cpp.

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/TunableOpInterface.h"

using namespace mlir;

namespace dreamer::kernels {

RegisterBlock RegisterBlock::of(const KernelTarget &target, bool narrow) {
  switch (narrow ? target.narrowProducts() : NarrowProducts::widened) {
  case NarrowProducts::widened:
    // 16 registers hold 6 x 2 accumulators, 2 vectors of B and a broadcast element of A; 32
    // registers hold 6 x 4.
    return {6, target.vectorBits >= 512 ? 4 : 2, target.lanes()};
  case NarrowProducts::pairs:
    // 24 accumulators again, in a number of rows that divides 32 (see ExpertRows.h).
    return {8, 3, 16, NarrowProducts::pairs};
  case NarrowProducts::tiles:
    // 2 x 2 accumulators, two tiles of each factor: all eight there are.
    return {32, 2, 16, NarrowProducts::tiles};
  }
  llvm_unreachable("all kinds of products are handled");
}

RegisterBlock RegisterBlock::tall(int64_t count) const {
  if (narrow())
    return *this;
  constexpr int64_t mostVectors = 4;
  int64_t registers = lanes < 16 ? 16 : 32, mostRows = lanes < 16 ? 6 : 8;
  int64_t each = ceilDiv(count, ceilDiv(count, mostRows));
  // Beside the accumulators, a row of B and a broadcast element of A; with none to spare the compiler spills.
  return {each, std::min(mostVectors, (registers - 2) / (each + 1)), lanes};
}

RegisterBlock RegisterBlock::forColumns(int64_t columns) const {
  if (products != NarrowProducts::pairs)
    return *this;
  int64_t accumulators = rows * vectors, all = ceilDiv(columns, lanes);
  int64_t each = ceilDiv(all, ceilDiv(all, vectors));
  return {accumulators / each, each, lanes, products};
}

RegisterBlock RegisterBlock::forRows(int64_t count) const {
  constexpr int64_t few = 16;
  return count > few ? *this : tall(count);
}

int64_t RegisterBlock::depthStep() const {
  switch (products) {
  case NarrowProducts::widened:
    return 1;
  case NarrowProducts::pairs:
    return 2;
  case NarrowProducts::tiles:
    return 32;
  }
  llvm_unreachable("all kinds of products are handled");
}

int64_t RegisterBlock::usualTaskWork() const {
  constexpr int64_t work = 1500;
  switch (products) {
  case NarrowProducts::widened:
    return work;
  case NarrowProducts::pairs:
    return 2 * work;
  case NarrowProducts::tiles:
    return 8 * work;
  }
  llvm_unreachable("all kinds of products are handled");
}

Mem Panels::of(Mem packed, int64_t matrices) const {
  if (inPlace)
    return packed.view({depth, rowLength()});
  if (block.narrow())
    return packed.view({matrices * count(), paddedDepth() / 2, width(), 2});
  return packed.view({matrices * count(), depth, width()});
}

/// A parameter that the operation need not declare.
static int64_t parameterOr(const ScheduleBuilder &s, StringRef name, int64_t usual) {
  return isa<TunableOpInterface>(s.operation()) ? s.parameter(name) : usual;
}

RegisterBlock RegisterBlock::of(const ScheduleBuilder &s, bool narrow) {
  RegisterBlock usual = of(s.target(), narrow);
  if (usual.narrow())
    return usual;
  return {parameterOr(s, parameter::blockRows, usual.rows),
          parameterOr(s, parameter::blockVectors, usual.vectors), usual.lanes};
}

void forPanels(Kernel &k, const Panels &panels, Val from, Val to, function_ref<void(Panel)> body) {
  int64_t whole = panels.whole(), lanes = panels.block.lanes, width = panels.width();
  k.loop(from, min(to, whole), 1, [&](Val panel) { body({panel, width / lanes, width, lanes}); });
  if (whole == panels.count())
    return;
  Panel last{whole, panels.tailVectors(), panels.columns % width, lanes};
  if (from.isInteger() && to.isInteger()) {
    if (from.getInteger() <= whole && whole < to.getInteger())
      body(last);
    return;
  }
  k.when(less(whole, to), [&] { body(last); });
}

Val addressInPanel(const Panels &panels, Panel panel, Val k, int64_t vector) {
  int64_t lanes = panels.block.lanes * (panels.block.narrow() ? 2 : 1);
  return panel.index * (panels.paddedDepth() * panels.width()) + k * panels.width() +
         vector * lanes;
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
  return viewTile(k, memory, start, rows, panels.paddedDepth(), order, partOf(rows, depth));
}

Value placeOf(Kernel &k, const ProductBlock &block, Mem memory, ArrayRef<Val> at, bool whole) {
  return viewTile(k, memory, at, block.rows, block.columns, tile::Order::rows,
                  TileSize{block.validRows, whole ? block.columns : block.valid});
}

/// The right factor of a panel's blocks.
static Value rightFactor(Kernel &k, const ProductRange &range, Panel panel) {
  const Panels &panels = range.panels;
  int64_t depth = panels.paddedDepth(), columns = panel.columns(panels);
  std::optional<TileSize> valid;
  int64_t there = panels.inPlace ? std::min(panel.valid, columns) : columns;
  if (range.depth.count || there < columns)
    valid = TileSize{range.depth.count.value_or(depth), there};
  if (panels.inPlace)
    return viewTile(k, range.packed, {range.depth.from, panel.index * panels.width()}, depth,
                    columns, tile::Order::rows, valid);
  Val which = range.matrix * panels.count() + panel.index;
  if (panels.block.narrow())
    return viewPairs(k, range.packed, {which, range.depth.from / 2, 0, 0}, depth, columns, valid);
  return viewTile(k, range.packed, {which, range.depth.from, 0}, depth, columns, tile::Order::rows,
                  valid);
}

/// Runs `body` for all blocks, panel by panel; `right` is the right factor.
static void forBlocks(Kernel &k, const ProductRange &range,
                      function_ref<void(const ProductBlock &, Value right)> body) {
  const Panels &panels = range.panels;
  const RowRange &rows = range.rows;
  int64_t step = panels.block.rows;
  int64_t rest = rows.end < 0 ? 0 : rows.end % step;
  forPanels(k, panels, range.panelFrom, range.panelTo, [&](Panel panel) {
    Value right = rightFactor(k, range, panel);
    auto block = [&](Val row, int64_t count) {
      body({row, panel.index * panels.width(), roundUp(count, panels.block.rowStep()),
            panel.columns(panels), count, panel.valid, Value()},
           right);
    };
    if (rows.grain && rows.grain < step) {
      Val whole = rows.from + (rows.to - rows.from) / step * step;
      k.loop(rows.from, whole, step, [&](Val row) { block(row, step); });
      return k.loop(whole, rows.to, rows.grain, [&](Val row) { block(row, rows.grain); });
    }
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

/// Hands out a block that lies in memory, four rows at a time: their vectors fit in registers.
static void forRowsOf(Kernel &k, Mem memory, const ProductBlock &block, Epilogue epilogue) {
  constexpr int64_t together = 4;
  auto part = [&](Val first, int64_t rows) {
    Value value = loadTile(k, viewTile(k, memory, {first, 0}, rows, block.columns));
    epilogue({block.row + first, block.column, rows, block.columns, rows, block.valid, value});
  };
  int64_t rest = block.validRows % together, whole = block.validRows - rest;
  k.loop(0, whole, together, [&](Val first) { part(first, together); });
  if (rest)
    part(whole, rest);
}

void multiply(Kernel &k, const ProductRange &range, LeftFactor a, Epilogue epilogue) {
  const Panels &panels = range.panels;
  Mem stored; // of tiles
  if (panels.tiles())
    stored = k.stack({panels.block.rows, panels.width()});
  forBlocks(k, range, [&](ProductBlock block, Value right) {
    tile::Layout layout = panels.tiles() ? tile::Layout::amx_c : tile::Layout::vectors;
    Value none = fillTile(k, 0, block.rows, block.columns, layout);
    block.value = multiplyTiles(k, a(block.row, block.rows, range.depth), right, none);
    if (!panels.tiles())
      return epilogue(block);
    storeTile(k, block.value, viewTile(k, stored, {0, 0}, block.rows, block.columns));
    forRowsOf(k, stored, block, epilogue);
  });
}

void multiplyInto(Kernel &k, const ProductRange &range, LeftFactor a, Target target) {
  bool tiles = range.panels.tiles();
  forBlocks(k, range, [&](const ProductBlock &block, Value right) {
    Value place = target.place(block);
    Value before;
    if (tiles && target.accumulate) {
      before = loadTile(k, place, tile::Layout::amx_c);
    } else {
      if (target.accumulate)
        k.create<tile::PrefetchOp>(place);
      before = fillTile(k, 0, block.rows, block.columns,
                        tiles ? tile::Layout::amx_c : tile::Layout::vectors);
    }
    Value value = multiplyTiles(k, a(block.row, block.rows, range.depth), right, before);
    target.accumulate && !tiles ? addTile(k, value, place) : storeTile(k, value, place);
  });
}

static bool isCut(int64_t depth, int64_t chunk) { return depth > 2 * chunk; }

Tiles Tiles::of(int64_t rows, const Panels &panels) {
  return of(rows, panels, panels.block.usualTaskWork(), panels.block.usualDepthChunk());
}

Tiles Tiles::of(const ScheduleBuilder &s, int64_t rows, const Panels &panels) {
  return of(rows, panels, parameterOr(s, parameter::taskWork, panels.block.usualTaskWork()),
            parameterOr(s, parameter::depthChunk, panels.block.usualDepthChunk()));
}

Tiles Tiles::of(int64_t rows, const Panels &panels, int64_t taskWork, int64_t depthChunk) {
  // A task's rows of A stay in a 256 KiB cache.
  constexpr int64_t cache = 256 * 1024;
  int64_t grain = 1000 * taskWork;
  int64_t step = panels.block.rows, n = panels.columns, depth = panels.paddedDepth();
  int64_t wanted = std::max<int64_t>(1, 2 * rows * n * panels.depth / grain);
  int64_t perTask = roundUp(ceilDiv(rows, wanted), step);
  int64_t used = isCut(depth, depthChunk) ? depthChunk : depth;
  int64_t cached = std::max(step, cache / (panels.block.factorBytes() * used) / step * step);
  perTask = std::min(std::max(perTask, std::min(4 * step, roundUp(rows, step))), cached);
  int64_t rowTiles = ceilDiv(rows, perTask);
  int64_t panelTiles = std::clamp<int64_t>(wanted / rowTiles, 1, panels.count());
  // The lines of a panel that lie in place come one by one from afar: it should stay in a cache from task to task.
  bool panelByPanel = panels.inPlace;
  return {rows,       panels.count(), perTask, ceilDiv(panels.count(), panelTiles),
          depthChunk, panelByPanel};
}

std::pair<Val, Val> Tiles::placeOf(Val tile) const {
  int64_t inner = panelByPanel ? rowTiles() : panelTiles();
  Val slow = tile / inner, fast = tile % inner;
  return {rowTiles() == 1 ? Val(0)
          : panelByPanel  ? fast
                          : slow,
          panelTiles() == 1 ? Val(0)
          : panelByPanel    ? slow
                            : fast};
}

void multiplyTile(Kernel &k, const Panels &panels, const Tiles &tiles, Val tile, Mem packed,
                  Val matrix, DepthRange depth, LeftFactor a, Target target) {
  auto [rowTile, panelTile] = tiles.placeOf(tile);
  auto share = [](Val tile, int64_t step, int64_t end) {
    return std::pair(tile * step, min(tile * step + step, end));
  };
  auto [row, rowEnd] = share(rowTile, tiles.rowsPerTask, tiles.rows);
  auto [panel, panelEnd] = share(panelTile, tiles.panelsPerTask, tiles.panels);
  ProductRange range{panels, packed, matrix, {row, rowEnd, tiles.rows}, panel, panelEnd, depth};
  // Parts of a sum would each be rounded: it stays in registers until it is whole.
  if (target.narrow)
    return multiply(k, range, a, [&](const ProductBlock &block) {
      storeTile(k, block.value, target.place(block));
    });
  auto part = [&](DepthRange depth, bool accumulate) {
    range.depth = depth;
    multiplyInto(k, range, a, {target.place, accumulate});
  };
  // A long sum is cut, so that its part of a panel and of a block's rows stay in the first-level cache.
  int64_t longest = tiles.depthChunk, all = panels.paddedDepth();
  if (depth.count || !isCut(all, longest))
    return part(depth, target.accumulate);
  int64_t parts = ceilDiv(all, longest);
  int64_t step = roundUp(ceilDiv(all, parts), std::max<int64_t>(4, panels.block.depthStep()));
  int64_t rest = all % step;
  if (!target.accumulate)
    part({0, step}, false);
  k.loop(target.accumulate ? 0 : step, all - rest, step,
         [&](Val from) { part({from, step}, true); });
  if (rest)
    part({all - rest, rest}, true);
}

} // namespace dreamer::kernels

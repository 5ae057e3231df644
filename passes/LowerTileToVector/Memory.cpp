// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads, stores and copies.

#include "passes/LowerTileToVector/Memory.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace dreamer::lowering {

/// `columns` where a row is there.
static Val columnsIf(Lowering &lowering, Val there, Val columns) {
  if (!there.isNumber() && columns.isNumber())
    columns = lowering.emit().index(columns.getInteger());
  return kernels::select(there, columns, 0);
}

Row rowOf(Lowering &lowering, const Place &place, Val row) {
  if (!place.rows) {
    Val there = kernels::less(row, place.validRows);
    return {row, columnsIf(lowering, there, place.validColumns)};
  }
  const Place &ids = *place.rows;
  Row at = rowOf(lowering, ids, row);
  Val id = kernels::lane(loadVector(ids, at, 0, 1), 0);
  id = kernels::convert(id, lowering.emit().getBuilder().getIndexType());
  Val there = kernels::less(-1, id);
  if (!at.columns.isInteger()) // an id that is not there reads 0, which is a row
    there = kernels::both(there, kernels::less(0, at.columns));
  return {kernels::max(id, 0), columnsIf(lowering, there, place.validColumns)};
}

/// Whether columns of a row lie side by side in memory.
static bool hasContiguousRows(const Place &place) {
  return place.type.getForm() == tile::Form::plain && place.type.getOrder() == tile::Order::rows;
}

/// `width` lanes of which a number known here are there.
static Lanes lanesOf(int64_t width, Val there) {
  return {width, std::clamp<int64_t>(there.getInteger(), 0, width)};
}

static Val loadContiguous(const Mem &memory, ArrayRef<Val> at, Val there, int64_t width) {
  return there.isInteger() ? memory.load(at, lanesOf(width, there)) : memory.load(at, width, there);
}

Val loadVector(const Place &place, const Row &row, Val column, int64_t width) {
  Mem memory = place.memory.asItIs();
  if (hasContiguousRows(place))
    return loadContiguous(memory, place.at(row.index, column), row.columns - column, width);
  Vals lanes;
  for (int64_t i = 0; i < width; ++i)
    lanes.push_back(kernels::lane(
        loadContiguous(memory, place.at(row.index, column + i), row.columns - column - i, 1), 0));
  return kernels::fromLanes(lanes);
}

static void storeContiguous(const Mem &memory, ArrayRef<Val> at, Val value, Val there,
                            int64_t width) {
  there.isInteger() ? memory.store(value, at, lanesOf(width, there))
                    : memory.store(value, at, width, there);
}

void storeVector(const Place &place, const Row &row, Val column, Val value) {
  Mem memory = place.memory.asItIs();
  int64_t width = cast<VectorType>(value.getType()).getNumElements();
  if (hasContiguousRows(place))
    return storeContiguous(memory, place.at(row.index, column), value, row.columns - column, width);
  for (int64_t i = 0; i < width; ++i)
    storeContiguous(memory, place.at(row.index, column + i),
                    kernels::splat(kernels::lane(value, i), 1), row.columns - column - i, 1);
}

static LogicalResult lowerLoad(Lowering &lowering, tile::LoadOp op) {
  if (isAmx(op.getType()))
    return lowerAmxLoad(lowering, op);
  FailureOr<Tile> tile = lowering.vectorsOf(op, op.getType());
  if (failed(tile))
    return failure();
  const Place &place = lowering.place(op.getSource());
  for (int64_t row = 0; row < tile->rows(); ++row) {
    Row at = rowOf(lowering, place, row);
    for (int64_t j = 0; j < tile->perRow; ++j) {
      Val value = loadVector(place, at, j * tile->width, tile->width);
      tile->part(row, j) = op.getType().getSlice() ? kernels::lane(value, 0) : value;
    }
  }
  lowering.set(op, *tile);
  return success();
}

Val combine(tile::Combine how, Val a, Val b) {
  switch (how) {
  case tile::Combine::add:
    return a + b;
  case tile::Combine::max:
    return kernels::max(a, b);
  case tile::Combine::min:
    return kernels::min(a, b);
  }
  return a;
}

static LogicalResult lowerStore(Lowering &lowering, tile::StoreOp op) {
  if (isAmx(op.getValue().getType()))
    return lowerAmxStore(lowering, op);
  Tile tile = lowering.tile(op.getValue());
  const Place &place = lowering.place(op.getTarget());
  bool slice = op.getValue().getType().getSlice();
  auto storeRow = [&](int64_t row, const Row &at) {
    for (int64_t j = 0; j < tile.perRow; ++j) {
      Val value = tile.part(row, j);
      if (slice)
        value = kernels::splat(value, 1);
      if (auto how = op.getCombine())
        value = combine(*how, loadVector(place, at, j * tile.width, tile.width), value);
      storeVector(place, at, j * tile.width, value);
    }
  };
  for (int64_t row = 0; row < tile.rows(); ++row) {
    Row at = rowOf(lowering, place, row);
    if (!place.rows) {
      storeRow(row, at);
      continue;
    }
    // A gathered row is there or not: a branch costs less than masks.
    lowering.emit().when(kernels::less(0, at.columns),
                         [&] { storeRow(row, {at.index, place.validColumns}); });
  }
  return success();
}

static LogicalResult lowerPrefetch(Lowering &lowering, tile::PrefetchOp op) {
  const Place &place = lowering.place(op.getTarget());
  int64_t rows = place.type.getRows(), columns = place.type.getColumns();
  if (place.type.getOrder() == tile::Order::columns)
    std::swap(rows, columns);
  constexpr int64_t lineBits = 64 * 8;
  int64_t perLine = lineBits / place.type.getElementType().getIntOrFloatBitWidth();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; column += perLine)
      place.memory.prefetch(place.type.getOrder() == tile::Order::rows ? place.at(row, column)
                                                                       : place.at(column, row));
  return success();
}

/// The same place with rows for columns: what is contiguous becomes a row.
static Place turned(const Place &place) {
  Place result = place;
  result.type = tile::MemType::get(
      place.type.getContext(), {place.type.getColumns(), place.type.getRows()},
      place.type.getElementType(), place.type.getSpace(), tile::Order::rows, place.type.getForm());
  std::swap(result.validRows, result.validColumns);
  return result;
}

/// Row by row, a vector at a time, the rest in halves; where the orders differ, element by element.
static LogicalResult lowerCopy(Lowering &lowering, tile::CopyOp op) {
  Place source = lowering.place(op.getSource()), target = lowering.place(op.getTarget());
  auto byColumns = [](const Place &place) { return place.type.getOrder() == tile::Order::columns; };
  if (byColumns(source) && byColumns(target)) {
    source = turned(source);
    target = turned(target);
  }
  kernels::Emitter &e = lowering.emit();
  int64_t columns = source.type.getColumns();
  e.loop(0, source.type.getRows(), 1, [&](Val row) {
    Row from = rowOf(lowering, source, row), to = rowOf(lowering, target, row);
    auto move = [&](Val column, int64_t width) {
      storeVector(target, to, column, loadVector(source, from, column, width));
    };
    int64_t lanes = e.lanesFor(columns), whole = columns / lanes * lanes;
    e.loop(0, whole, lanes, [&](Val column) { move(column, lanes); });
    for (int64_t at = whole; at < columns; at += lanes) {
      while (lanes > columns - at)
        lanes /= 2;
      move(at, lanes);
    }
  });
  return success();
}

void addMemoryHandlers(Handlers &handlers, MLIRContext *context) {
  addHandler<tile::LoadOp, lowerLoad>(handlers, context);
  addHandler<tile::StoreOp, lowerStore>(handlers, context);
  addHandler<tile::PrefetchOp, lowerPrefetch>(handlers, context);
  addHandler<tile::CopyOp, lowerCopy>(handlers, context);
}

} // namespace dreamer::lowering

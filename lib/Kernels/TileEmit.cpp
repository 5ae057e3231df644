// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/TileEmit.h"

using namespace mlir;

namespace dreamer::kernels {

using tile::MemType;
using tile::RegType;

static RegType vectorsOf(Type element, int64_t rows, int64_t columns, bool slice = false,
                         tile::Layout layout = tile::Layout::vectors) {
  return RegType::get(element.getContext(), {rows, columns}, element, layout, slice, {});
}

static Value view(Emitter &e, MemType type, Mem memory, ArrayRef<Val> at,
                  const std::optional<TileSize> &valid) {
  SmallVector<Value> offsets, sizes;
  for (Val i : at)
    offsets.push_back(e.materializeIndex(i));
  bool all = !valid ||
             (valid->rows.isInteger(type.getRows()) && valid->columns.isInteger(type.getColumns()));
  if (!all)
    sizes = {e.materializeIndex(valid->rows), e.materializeIndex(valid->columns)};
  return e.create<tile::ViewOp>(type, memory.get(), offsets, sizes);
}

Value viewTile(Emitter &e, Mem memory, ArrayRef<Val> at, int64_t rows, int64_t columns,
               tile::Order order, std::optional<TileSize> valid) {
  auto type =
      MemType::get(e.getBuilder().getContext(), {rows, columns}, memory.getType().getElementType(),
                   tile::Space::global, order, tile::Form::plain);
  return view(e, type, memory, at, valid);
}

Value viewPairs(Emitter &e, Mem memory, ArrayRef<Val> at, int64_t depth, int64_t columns,
                std::optional<TileSize> valid) {
  auto type =
      MemType::get(e.getBuilder().getContext(), {depth, columns}, memory.getType().getElementType(),
                   tile::Space::global, tile::Order::rows, tile::Form::pairs);
  return view(e, type, memory, at, valid);
}

Value fillTile(Emitter &e, double number, int64_t rows, int64_t columns, tile::Layout layout) {
  Val scalar = e.f32(number);
  return e.create<tile::FillOp>(vectorsOf(scalar.getType(), rows, columns, false, layout),
                                scalar.get());
}

Value loadTile(Emitter &e, Value place, tile::Layout layout) {
  auto type = cast<MemType>(place.getType());
  return e.create<tile::LoadOp>(
      vectorsOf(type.getElementType(), type.getRows(), type.getColumns(), false, layout), place);
}

Value loadColumn(Emitter &e, Value place) {
  auto type = cast<MemType>(place.getType());
  return e.create<tile::LoadOp>(vectorsOf(type.getElementType(), type.getRows(), 1, true), place);
}

void storeTile(Emitter &e, Value tile, Value place) {
  Type element = cast<MemType>(place.getType()).getElementType();
  if (element.isBF16() && cast<RegType>(tile.getType()).getElementType().isF32())
    tile = mapTiles(e, tile, {}, [&](ArrayRef<Val> x) { return convert(x[0], element); });
  e.create<tile::StoreOp>(tile, place, tile::CombineAttr());
}

void addTile(Emitter &e, Value tile, Value place) {
  e.create<tile::StoreOp>(tile, place,
                          tile::CombineAttr::get(e.getBuilder().getContext(), tile::Combine::add));
}

Value multiplyTiles(Emitter &e, Value a, Value b, Value acc) {
  return e.create<tile::MmaOp>(acc.getType(), a, b, acc);
}

Value broadcastColumn(Emitter &e, Value column, int64_t columns) {
  auto type = cast<RegType>(column.getType());
  return e.create<tile::BroadcastOp>(vectorsOf(type.getElementType(), type.getRows(), columns),
                                     column);
}

Value mapTiles(Emitter &e, ValueRange tiles, ArrayRef<Val> numbers,
               function_ref<Val(ArrayRef<Val>)> body) {
  SmallVector<Value> scalars;
  SmallVector<Type> types;
  for (Value tile : tiles)
    types.push_back(cast<RegType>(tile.getType()).getElementType());
  for (Val number : numbers) {
    scalars.push_back(number.get());
    types.push_back(number.getType());
  }
  // What the result is is known when the body has been written.
  Region region;
  Type result;
  OpBuilder &builder = e.getBuilder();
  {
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Location> locations(types.size(), e.getLoc());
    Block *block = builder.createBlock(&region, {}, types, locations);
    Vals elements;
    for (Value argument : block->getArguments())
      elements.push_back({e, argument});
    Val element = body(elements);
    result = cast<RegType>(tiles.front().getType()).withElement(element.getType());
    e.create<tile::YieldOp>(element.get());
  }
  auto map = e.create<tile::MapOp>(TypeRange(result), tiles, scalars);
  map.getBody().takeBody(region);
  return map.getResult(0);
}

} // namespace dreamer::kernels

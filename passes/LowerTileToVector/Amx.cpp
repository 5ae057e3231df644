// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accumulators in `amx_c`: tiles of 16 rows of 16 f32, multiplied by the AMX unit. A left tile is 16
// rows of 32 bf16 as they lie in memory, a right tile 16 pairs of rows of 16 columns.

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/IR/Matchers.h"
#include "passes/LowerTileToVector/Memory.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dreamer::lowering {

static constexpr int64_t side = 16, deep = 32;

bool isAmx(tile::RegType type) {
  return type.getLayout() == tile::Layout::amx_c && !type.getSlice();
}

Type amxPartType(MLIRContext *context) {
  return amx::TileType::get({side, side}, Float32Type::get(context));
}

FailureOr<Tile> amxShapeOf(const KernelTarget &target, Operation *op, tile::RegType type) {
  if (target.narrowProducts() != NarrowProducts::tiles) {
    SmallVector<StringRef> has;
    for (StringRef feature : {"amx-tile", "amx-bf16", "avx512bf16"})
      if (target.has(feature))
        has.push_back(feature);
    return op->emitError()
           << "expected a target with amx-tile, amx-bf16, avx512bf16 and vectors of "
              "512 bits for "
           << type << ", found vectors of " << target.vectorBits << " bits and "
           << (has.empty() ? "none of these" : llvm::join(has, ", "));
  }
  if (!type.getElementType().isF32())
    return op->emitError() << "expected accumulators of f32, found " << type;
  int64_t perRow = type.getColumns() / side;
  return Tile{perRow, side, Vals(type.getRows() / side * perRow)};
}

static SmallVector<Value> indices(kernels::Emitter &e, ArrayRef<Val> at) {
  SmallVector<Value> values;
  for (Val i : at)
    values.push_back(e.materializeIndex(i));
  return values;
}

static Val loadTile(kernels::Emitter &e, Type type, const Mem &memory, ArrayRef<Val> at) {
  return {e, e.create<amx::TileLoadOp>(type, memory.get(), indices(e, at)).getRes()};
}

static void storeTile(kernels::Emitter &e, Val value, const Mem &memory, ArrayRef<Val> at) {
  e.create<amx::TileStoreOp>(memory.get(), indices(e, at), value.get());
}

LogicalResult lowerAmxFill(Lowering &lowering, tile::FillOp op) {
  FailureOr<Tile> tile = lowering.shapeOf(op, op.getType());
  if (failed(tile))
    return failure();
  if (!matchPattern(op.getValue(), m_AnyZeroFloat()))
    return op.emitOpError("expected 0 in accumulators of AMX, found another number");
  kernels::Emitter &e = lowering.emit();
  for (Val &part : tile->parts)
    part = {e, e.create<amx::TileZeroOp>(amxPartType(op.getContext())).getRes()};
  lowering.set(op, *tile);
  return success();
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// Whether the unit can read and write all of a place where it is.
static bool isDirect(const Place &place) {
  return place.hasAllRows() && place.hasAllColumns() &&
         place.type.getOrder() == tile::Order::rows && place.type.getForm() == tile::Form::plain;
}

/// Runs `body` for the rows of a part of which something may be there.
static void forRows(Lowering &lowering, const Place &place, int64_t first,
                    function_ref<void(Val, const Row &)> body) {
  bool known = !place.rows && place.validRows.isInteger();
  int64_t rows = known ? std::clamp<int64_t>(place.validRows.getInteger() - first, 0, side) : side;
  lowering.emit().loop(0, rows, 1, [&](Val row) {
    body(row, known ? Row{row + first, place.validColumns} : rowOf(lowering, place, row + first));
  });
}

LogicalResult lowerAmxLoad(Lowering &lowering, tile::LoadOp op) {
  FailureOr<Tile> tile = lowering.shapeOf(op, op.getType());
  if (failed(tile))
    return failure();
  kernels::Emitter &e = lowering.emit();
  const Place &place = lowering.place(op.getSource());
  Type type = amxPartType(op.getContext());
  std::optional<Mem> stack; // what is not all there goes by it
  for (auto [i, part] : llvm::enumerate(tile->parts)) {
    int64_t row = i / tile->perRow * side, column = i % tile->perRow * side;
    if (isDirect(place)) {
      part = loadTile(e, type, place.memory, place.at(row, column));
      continue;
    }
    if (!stack)
      stack = e.stack({side, side});
    e.loop(0, side, 1, [&](Val at) { stack->store(e.f32(0, side), {at, 0}, Lanes::all(side)); });
    forRows(lowering, place, row, [&](Val at, const Row &from) {
      stack->store(loadVector(place, from, column, side), {at, 0}, Lanes::all(side));
    });
    part = loadTile(e, type, *stack, {0, 0});
  }
  lowering.set(op, *tile);
  return success();
}

LogicalResult lowerAmxStore(Lowering &lowering, tile::StoreOp op) {
  kernels::Emitter &e = lowering.emit();
  const Tile &tile = lowering.tile(op.getValue());
  const Place &place = lowering.place(op.getTarget());
  std::optional<Mem> stack; // what is not all there goes by it
  for (auto [i, part] : llvm::enumerate(tile.parts)) {
    int64_t row = i / tile.perRow * side, column = i % tile.perRow * side;
    if (isDirect(place) && !op.getCombine()) {
      storeTile(e, part, place.memory, place.at(row, column));
      continue;
    }
    if (!stack)
      stack = e.stack({side, side});
    storeTile(e, part, *stack, {0, 0});
    forRows(lowering, place, row, [&](Val at, const Row &to) {
      Val value = stack->load({at, 0}, Lanes::all(side));
      if (auto how = op.getCombine())
        value = combine(*how, loadVector(place, to, column, side), value);
      storeVector(place, to, column, value);
    });
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

LogicalResult lowerAmxMma(Lowering &lowering, tile::MmaOp op) {
  FailureOr<Tile> shape = lowering.shapeOf(op, op.getType());
  if (failed(shape))
    return failure();
  const Place &a = lowering.place(op.getA()), &b = lowering.place(op.getB());
  if (a.rows || b.rows)
    return op.emitOpError("expected factors that are not gathered on AMX");
  if (!a.hasAllRows() || !b.hasAllColumns())
    return op.emitOpError("expected all rows of the left and all columns of the right factor to be "
                          "there on AMX");
  FailureOr<Val> depth = depthOf(op, a, b, deep);
  if (failed(depth))
    return failure();
  kernels::Emitter &e = lowering.emit();
  Type type = amx::TileType::get({side, deep}, BFloat16Type::get(op.getContext()));
  Mem pairs = b.memory.asItIs().flatInner(2);
  int64_t perRow = shape->perRow, rows = shape->rows();
  Vals before = lowering.tile(op.getAcc()).parts;
  shape->parts = e.loop(0, *depth / deep, 1, before, [&](Val step, ArrayRef<Val> carried) {
    Vals next(carried), left(rows);
    // Each right tile meets all left ones before the next is read: two left and two right tiles and
    // four accumulators are all that there are registers for.
    for (int64_t j = 0; j < perRow; ++j) {
      Vals at = b.offsets;
      size_t last = at.size() - 1;
      at[last - 2] = at[last - 2] + step * (deep / 2);
      at[last - 1] = (at[last - 1] + j * side) * 2;
      at.pop_back();
      Val right = loadTile(e, type, pairs, at);
      for (int64_t i = 0; i < rows; ++i) {
        if (j == 0)
          left[i] = loadTile(e, type, a.memory, a.at(i * side, step * deep));
        Val &sum = next[i * perRow + j];
        sum = {e, e.create<amx::TileMulFOp>(sum.getType(), left[i].get(), right.get(), sum.get())
                      .getRes()};
      }
    }
    return next;
  });
  lowering.set(op, *shape);
  return success();
}

} // namespace dreamer::lowering

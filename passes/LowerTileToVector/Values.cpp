// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on tiles in registers: elementwise work, rows to columns and back.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/LowerTileToVector/Memory.h"

using namespace mlir;

namespace dreamer::lowering {

static LogicalResult lowerFill(Lowering &lowering, tile::FillOp op) {
  if (isAmx(op.getType()))
    return lowerAmxFill(lowering, op);
  FailureOr<Tile> tile = lowering.vectorsOf(op, op.getType());
  if (failed(tile))
    return failure();
  Val value = lowering.scalar(op.getValue());
  if (!op.getType().getSlice())
    value = kernels::splat(value, tile->width);
  llvm::fill(tile->parts, value);
  lowering.set(op, *tile);
  return success();
}

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

namespace {
/// The body of a map for one part: every operation on scalars becomes one on vectors. An `index`
/// becomes an i32: rows and columns of a tile are far below 2^31.
class Body {
public:
  Body(Lowering &lowering, tile::MapOp map, int64_t width)
      : e(lowering.emit()), map(map), width(width) {}

  void bind(Value argument, Val value) { values[argument] = value; }

  /// Gives what the body yields.
  Vals run(int64_t row, int64_t firstColumn) {
    Block &block = map.getBody().front();
    for (Operation &op : block.without_terminator()) {
      if (auto constant = dyn_cast<arith::ConstantOp>(op))
        values[constant] = numberOf(constant);
      else if (auto coordinate = dyn_cast<tile::CoordinateOp>(op))
        values[coordinate] = coordinateOf(coordinate, row, firstColumn);
      else if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
        values[op.getResult(0)] =
            kernels::convert(values[op.getOperand(0)], elementFor(op.getResult(0).getType()));
      else if (isa<arith::TruncFOp>(op) && op.getResult(0).getType().isBF16())
        values[op.getResult(0)] = kernels::toBF16(values[op.getOperand(0)]);
      else
        copy(op);
    }
    Vals results;
    for (Value value : block.getTerminator()->getOperands())
      results.push_back(values[value]);
    return results;
  }

  /// A scalar operand, in every lane.
  Val spread(Val scalar) {
    Type i32 = e.getBuilder().getI32Type();
    if (scalar.isNumber())
      return e.number(scalar, typeFor(i32));
    if (scalar.getType().isIndex())
      scalar = kernels::convert(scalar, i32);
    return width ? kernels::splat(scalar, width) : scalar;
  }

private:
  Type elementFor(Type element) {
    return element.isIndex() ? e.getBuilder().getI32Type() : element;
  }
  Type typeFor(Type element) {
    element = elementFor(element);
    return width ? Type(VectorType::get(width, element)) : element;
  }

  Val numberOf(arith::ConstantOp constant) {
    Type type = typeFor(constant.getType());
    if (auto real = dyn_cast<FloatAttr>(constant.getValue()))
      return e.number(real.getValueAsDouble(), type);
    return e.number(cast<IntegerAttr>(constant.getValue()).getInt(), type);
  }

  Val coordinateOf(tile::CoordinateOp op, int64_t row, int64_t firstColumn) {
    Type type = typeFor(op.getType());
    if (op.getDimension() == 0)
      return e.number(row, type);
    return width ? e.iota(width) + firstColumn : e.number(0, type);
  }

  void copy(Operation &op) {
    OperationState state(op.getLoc(), op.getName());
    for (Value operand : op.getOperands())
      state.operands.push_back(values[operand].get());
    for (Type type : op.getResultTypes())
      state.types.push_back(typeFor(type));
    state.addAttributes(op.getDiscardableAttrDictionary().getValue());
    state.propertiesAttr = op.getPropertiesAsAttribute();
    Operation *copied = e.getBuilder().create(state);
    for (auto [from, to] : llvm::zip(op.getResults(), copied->getResults()))
      values[from] = {e, to};
  }

  kernels::Emitter &e;
  tile::MapOp map;
  int64_t width; ///< lanes; 0 for scalars
  llvm::DenseMap<Value, Val> values;
};
} // namespace

static LogicalResult lowerMap(Lowering &lowering, tile::MapOp op) {
  SmallVector<Tile> results;
  for (Value result : op.getResults()) {
    FailureOr<Tile> tile = lowering.vectorsOf(op, cast<tile::RegType>(result.getType()));
    if (failed(tile))
      return failure();
    results.push_back(*tile);
  }
  const Tile &shape = results.front();
  bool slice = cast<tile::RegType>(op.getResult(0).getType()).getSlice();
  Block &block = op.getBody().front();
  auto inputs = block.getArguments().take_front(op.getInputs().size());
  auto scalars = block.getArguments().drop_front(op.getInputs().size());
  Body body(lowering, op, slice ? 0 : shape.width);
  for (auto [argument, scalar] : llvm::zip(scalars, op.getScalars()))
    body.bind(argument, body.spread(lowering.scalar(scalar)));
  for (int64_t i = 0, end = static_cast<int64_t>(shape.parts.size()); i < end; ++i) {
    for (auto [argument, input] : llvm::zip(inputs, op.getInputs()))
      body.bind(argument, lowering.tile(input).parts[i]);
    Vals values = body.run(i / shape.perRow, i % shape.perRow * shape.width);
    for (auto [result, value] : llvm::zip(results, values))
      result.parts[i] = value;
  }
  for (auto [value, tile] : llvm::zip(op.getResults(), results))
    lowering.set(value, tile);
  return success();
}

//===----------------------------------------------------------------------===//
// Rows and columns
//===----------------------------------------------------------------------===//

static Val combineLanes(tile::Combine how, Val vector) {
  switch (how) {
  case tile::Combine::add:
    return kernels::sumLanes(vector);
  case tile::Combine::max:
    return kernels::maxLanes(vector);
  case tile::Combine::min:
    return kernels::minLanes(vector);
  }
  return vector;
}

static LogicalResult lowerReduce(Lowering &lowering, tile::ReduceOp op) {
  if (failed(lowering.vectorsOf(op, op.getSource().getType())))
    return failure();
  Tile source = lowering.tile(op.getSource());
  Tile result{1, 1, {}};
  for (int64_t row = 0; row < source.rows(); ++row) {
    Val all = source.part(row, 0);
    for (int64_t j = 1; j < source.perRow; ++j)
      all = combine(op.getCombine(), all, source.part(row, j));
    result.parts.push_back(combineLanes(op.getCombine(), all));
  }
  lowering.set(op, result);
  return success();
}

static LogicalResult lowerBroadcast(Lowering &lowering, tile::BroadcastOp op) {
  FailureOr<Tile> tile = lowering.vectorsOf(op, op.getType());
  if (failed(tile))
    return failure();
  const Tile &source = lowering.tile(op.getSource());
  for (int64_t row = 0; row < tile->rows(); ++row)
    for (int64_t j = 0; j < tile->perRow; ++j)
      tile->part(row, j) = kernels::splat(source.parts[row], tile->width);
  lowering.set(op, *tile);
  return success();
}

void addValueHandlers(Handlers &handlers, MLIRContext *context) {
  addHandler<tile::FillOp, lowerFill>(handlers, context);
  addHandler<tile::MapOp, lowerMap>(handlers, context);
  addHandler<tile::ReduceOp, lowerReduce>(handlers, context);
  addHandler<tile::BroadcastOp, lowerBroadcast>(handlers, context);
}

} // namespace dreamer::lowering

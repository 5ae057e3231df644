// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What computes with tiles in registers.

#include "lib/TileRun/Arithmetic.h"
#include "lib/TileRun/Frame.h"
#include "lib/TileRun/Memory.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

/// A new tile of this type, undefined.
static std::shared_ptr<Tile> makeTile(const Frame &frame, tile::RegType type) {
  auto tile = std::make_shared<Tile>();
  tile->columns = type.getColumns();
  if (frame.run.hasData())
    tile->elements.resize(type.getNumElements());
  return tile;
}

static LogicalResult fill(tile::FillOp op, Frame &frame) {
  std::shared_ptr<Tile> tile = makeTile(frame, op.getType());
  std::fill(tile->elements.begin(), tile->elements.end(), frame.scalar(op.getValue()));
  frame.set(op.getResult(), TilePtr(std::move(tile)));
  return success();
}

FailureOr<TilePtr> tilerun::readFactor(Operation *op, const Datum &factor) {
  if (auto *tile = std::get_if<TilePtr>(&factor))
    return *tile;
  return read(op, *std::get<PlacePtr>(factor));
}

TilePtr tilerun::multiply(const Tile &a, const Tile &b, const Tile &acc) {
  auto result = std::make_shared<Tile>(acc);
  int64_t depth = a.columns, columns = b.columns;
  if (depth == 0 || columns == 0)
    return result;
  int64_t rows = a.elements.size() / depth;
  std::vector<float> right(b.elements.size()), sums(columns);
  for (size_t i = 0; i < right.size(); ++i)
    right[i] = b.elements[i].real;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c)
      sums[c] = acc.elements[r * columns + c].real;
    for (int64_t k = 0; k < depth; ++k) {
      // The product of two f32 is exact in f64: one rounding a step, as a fused multiply-add has.
      double left = a.elements[r * depth + k].real;
      for (int64_t c = 0; c < columns; ++c)
        sums[c] = static_cast<float>(sums[c] + left * right[k * columns + c]);
    }
    for (int64_t c = 0; c < columns; ++c)
      result->elements[r * columns + c] = Scalar::ofReal(sums[c]);
  }
  return result;
}

static LogicalResult mma(tile::MmaOp op, Frame &frame) {
  for (Value factor : {op.getA(), op.getB()})
    if (auto *place = std::get_if<PlacePtr>(&frame.get(factor)))
      if (failed(checkLease(op, **place)))
        return failure();
  if (!frame.run.hasData()) {
    frame.set(op.getResult(), TilePtr(std::make_shared<const Tile>()));
    return success();
  }
  FailureOr<TilePtr> a = readFactor(op, frame.get(op.getA()));
  FailureOr<TilePtr> b = readFactor(op, frame.get(op.getB()));
  if (failed(a) || failed(b))
    return failure();
  frame.set(op.getResult(), multiply(**a, **b, *frame.tile(op.getAcc())));
  return success();
}

namespace {
/// The region of a map, prepared for many elements: values are numbered, operations found.
class Body {
public:
  explicit Body(tile::MapOp op) {
    Block &block = op.getBody().front();
    for (Value argument : block.getArguments())
      number(argument);
    inputs = numbers.size();
    for (Operation &inner : block.without_terminator())
      steps.push_back({&inner, findArithmetic(&inner), numbersOf(inner.getOperands()), 0});
    unsigned next = inputs;
    for (Step &step : steps)
      step.result = next++;
    results = numbersOf(block.getTerminator()->getOperands());
  }

  LogicalResult check() const {
    for (const Step &step : steps)
      if (step.op->getNumResults() != 1 || !step.op->getResult(0).getType().isIntOrIndexOrFloat())
        return step.op->emitError("expected one number of each operation in tile.map, found ")
               << step.op->getResultTypes();
      else if (!step.function && !isa<tile::CoordinateOp>(step.op))
        return step.op->emitError("expected arithmetic in tile.map, found '")
               << step.op->getName() << "'";
    return success();
  }

  LogicalResult run(ArrayRef<Scalar> arguments, int64_t row, int64_t column,
                    SmallVectorImpl<Scalar> &yielded) {
    values.assign(arguments.begin(), arguments.end());
    values.resize(inputs + steps.size(), Scalar::ofInteger(0));
    for (const Step &step : steps) {
      if (auto coordinate = dyn_cast<tile::CoordinateOp>(step.op)) {
        values[step.result] = Scalar::ofInteger(coordinate.getDimension() == 0 ? row : column);
        continue;
      }
      operands.clear();
      for (unsigned i : step.operands)
        operands.push_back(values[i]);
      FailureOr<Scalar> result = (*step.function)(step.op, operands);
      if (failed(result))
        return failure();
      values[step.result] = *result;
    }
    yielded.clear();
    for (unsigned i : results)
      yielded.push_back(values[i]);
    return success();
  }

private:
  struct Step {
    Operation *op;
    const Arithmetic *function;
    SmallVector<unsigned, 3> operands;
    unsigned result;
  };

  unsigned number(Value value) {
    return numbers.insert({value, static_cast<unsigned>(numbers.size())}).first->second;
  }
  SmallVector<unsigned, 3> numbersOf(ValueRange range) {
    SmallVector<unsigned, 3> found;
    for (Value value : range) {
      // A result gets the number of its operation: arguments first, then operations in order.
      if (Operation *op = value.getDefiningOp())
        found.push_back(inputs + std::distance(op->getBlock()->begin(), op->getIterator()));
      else
        found.push_back(number(value));
    }
    return found;
  }

  llvm::DenseMap<Value, unsigned> numbers; ///< of arguments
  unsigned inputs = 0;
  SmallVector<Step> steps;
  SmallVector<unsigned, 3> results;
  SmallVector<Scalar> values, operands;
};
} // namespace

static LogicalResult map(tile::MapOp op, Frame &frame) {
  Body body(op);
  if (failed(body.check()))
    return failure();
  auto type = cast<tile::RegType>(op.getResult(0).getType());
  SmallVector<std::shared_ptr<Tile>> results;
  for (Value result : op.getResults())
    results.push_back(makeTile(frame, cast<tile::RegType>(result.getType())));
  SmallVector<TilePtr> inputs =
      llvm::map_to_vector(op.getInputs(), [&](Value input) { return frame.tile(input); });
  SmallVector<Scalar> arguments(inputs.size()), yielded;
  for (Value scalar : op.getScalars())
    arguments.push_back(frame.scalar(scalar));
  for (size_t i = 0; i < results.front()->elements.size(); ++i) {
    for (auto [argument, input] : llvm::zip(arguments, inputs))
      argument = input->elements[i];
    if (failed(body.run(arguments, i / type.getColumns(), i % type.getColumns(), yielded)))
      return failure();
    for (auto [result, value] : llvm::zip_equal(results, yielded))
      result->elements[i] = value;
  }
  for (auto [result, tile] : llvm::zip_equal(op.getResults(), results))
    frame.set(result, TilePtr(std::move(tile)));
  return success();
}

static LogicalResult reduce(tile::ReduceOp op, Frame &frame) {
  const Tile &source = *frame.tile(op.getSource());
  std::shared_ptr<Tile> column = makeTile(frame, op.getType());
  Type element = op.getType().getElementType();
  for (auto [r, result] : llvm::enumerate(column->elements)) {
    const Scalar *row = source.elements.data() + r * source.columns;
    result = row[0];
    for (int64_t c = 1; c < source.columns; ++c)
      result = combine(op.getCombine(), element, result, row[c]);
  }
  frame.set(op.getResult(), TilePtr(std::move(column)));
  return success();
}

static LogicalResult broadcast(tile::BroadcastOp op, Frame &frame) {
  const Tile &column = *frame.tile(op.getSource());
  std::shared_ptr<Tile> tile = makeTile(frame, op.getType());
  for (auto [i, element] : llvm::enumerate(tile->elements))
    element = column.elements[i / tile->columns];
  frame.set(op.getResult(), TilePtr(std::move(tile)));
  return success();
}

/// Layouts say which thread holds an element, not which elements there are.
static LogicalResult convertLayout(tile::ConvertLayoutOp op, Frame &frame) {
  frame.set(op.getResult(), frame.tile(op.getSource()));
  return success();
}

void tilerun::addValueModels(Models &models) {
  addModels<fill, mma, map, reduce, broadcast, convertLayout>(models);
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What products of both generations share: which tilings fit, operands, the grid, the epilogue.

#include "lib/Target/Nvidia/GemmParts.h"
#include "lib/Target/Nvidia/Limits.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

SmallVector<Type> Epilogue::operandTypes() const {
  if (!body)
    return {};
  return SmallVector<Type>(llvm::drop_begin(body->getArgumentTypes()));
}

ArrayRef<GemmTilingSm80> nvidia::gemmTilingsSm80() {
  static const GemmTilingSm80 tilings[] = {
      {},
      {.rows = 128, .columns = 256, .depth = 32, .stages = 3, .warps = {2, 4}},
      {.rows = 128, .columns = 128, .depth = 64, .stages = 3, .warps = {2, 2}},
      {.rows = 64, .columns = 128, .depth = 32, .stages = 4, .warps = {2, 2}},
      {.rows = 64, .columns = 64, .depth = 64, .stages = 4, .warps = {2, 2}},
      {.rows = 16, .columns = 128, .depth = 64, .stages = 5, .warps = {1, 4}},
  };
  return tilings;
}

ArrayRef<GemmTilingSm90> nvidia::gemmTilingsSm90() {
  static const GemmTilingSm90 tilings[] = {
      {},
      {.rows = 256, .columns = 128, .depth = 64, .stages = 4, .consumers = 2},
      {.rows = 128, .columns = 128, .depth = 64, .stages = 5, .consumers = 2},
      {.rows = 64, .columns = 256, .depth = 64, .stages = 4, .consumers = 1},
      {.rows = 64, .columns = 64, .depth = 128, .stages = 4, .consumers = 1},
  };
  return tilings;
}

/// What both generations ask of a product: its sizes and element type.
static Fits fits(Location loc, const GemmProblem &problem) {
  return Fits(loc)
      .atLeast("rows of the product", problem.rows, 1)
      .atLeast("columns of the product", problem.columns, 1)
      .atLeast("depth of the product", problem.depth, 1)
      .sixteenBit("factors", problem.element);
}

LogicalResult GemmTilingSm80::check(Location loc, const GemmProblem &problem) const {
  Fits fit = fits(loc, problem);
  fit.atLeast("warps across rows", warps[0], 1)
      .atLeast("warps across columns", warps[1], 1)
      .atMost("warps", warps[0] * warps[1], 32);
  if (failed(LogicalResult(fit)))
    return failure();
  int64_t threads = 32 * warps[0] * warps[1];
  return fit.multiple("tile rows", rows, 16 * warps[0])
      .multiple("tile columns", columns, 8 * warps[1])
      .multiple("tile depth", depth, 16)
      .atLeast("stages", stages, 2)
      .atMost("bytes of shared memory", stages * (rows + columns) * depth * 2,
              limitsSm80.sharedBytes)
      .registersSm80(threads, rows * columns / threads);
}

LogicalResult GemmTilingSm90::check(Location loc, const GemmProblem &problem) const {
  Fits fit = fits(loc, problem);
  fit.atLeast("consumers", consumers, 1).atMost("consumers", consumers, 7);
  if (failed(LogicalResult(fit)))
    return failure();
  return fit.multiple("tile rows", rows, 64 * consumers)
      .multiple("tile columns", columns, 8)
      .atMost("tile columns", columns, 256)
      .multiple("tile depth", depth, 16)
      .atLeast("stages", stages, overlap ? 2 : 1)
      .atMost("bytes of shared memory", stages * (rows + columns) * depth * 2,
              limitsSm90.sharedBytes)
      .registersSm90(producerRegisters, consumers, consumerRegisters,
                     rows / consumers * columns / 128);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static MemRefType matrix(int64_t rows, int64_t columns, Type element, tile::Order order) {
  SmallVector<int64_t> shape = {rows, columns};
  if (order == tile::Order::columns)
    std::swap(shape[0], shape[1]);
  return MemRefType::get(shape, element);
}

SmallVector<Type> nvidia::gemmArguments(const GemmProblem &problem, const Epilogue &epilogue) {
  SmallVector<Type> types = {
      matrix(problem.rows, problem.depth, problem.element, problem.a),
      matrix(problem.depth, problem.columns, problem.element, problem.b),
      matrix(problem.rows, problem.columns, problem.result, tile::Order::rows)};
  for (Type type : epilogue.operandTypes())
    types.push_back(matrix(problem.rows, problem.columns, type, tile::Order::rows));
  return types;
}

LogicalResult nvidia::checkEpilogue(Location loc, const GemmProblem &problem,
                                    const Epilogue &epilogue) {
  if (!epilogue.body) {
    if (isa<FloatType>(problem.result))
      return success();
    return emitError(loc) << "expected a product of a float type, found " << problem.result;
  }
  Block &body = *epilogue.body;
  if (body.getNumArguments() == 0 || !body.getArgument(0).getType().isF32())
    return emitError(loc) << "expected an epilogue whose first argument is the sum, f32, found "
                          << body.getArgumentTypes();
  auto yield = body.empty() ? nullptr : dyn_cast<tile::YieldOp>(body.back());
  if (!yield || yield.getValues().getTypes() != TypeRange{problem.result})
    return emitError(loc) << "expected an epilogue that ends with tile.yield of " << problem.result;
  return success();
}

Operands::Operands(TileBuilder &t, const GemmProblem &problem, int64_t rows, int64_t columns,
                   int64_t depth, int64_t rowsTogether)
    : t(t), problem(problem), rows(rows), columns(columns), depth(depth) {
  // A consumer's part of the tile has to be made of whole lines.
  int64_t lineA = 2 * (problem.a == tile::Order::rows ? depth : rowsTogether);
  int64_t lineB = 2 * (problem.b == tile::Order::rows ? columns : depth);
  a = t.shared(rows, depth, problem.element, problem.a, lineA);
  b = t.shared(depth, columns, problem.element, problem.b, lineB);
}

tile::Transport Operands::transport() const {
  auto lineOf = [&](tile::Order order, int64_t ofRows, int64_t ofColumns) {
    return 2 * (order == tile::Order::rows ? ofRows : ofColumns);
  };
  bool isAligned = lineOf(problem.a, problem.depth, problem.rows) % 16 == 0 &&
                   lineOf(problem.b, problem.columns, problem.depth) % 16 == 0 &&
                   (a.getSwizzleBytes() || 2 * a.getContiguous() % 16 == 0) &&
                   (b.getSwizzleBytes() || 2 * b.getContiguous() % 16 == 0);
  return isAligned ? tile::Transport::tma : tile::Transport::cp_async;
}

void Operands::put(Value ring, Value use, Value row, Value column, Value k) const {
  t.put(ring, use, [&](ValueRange slots) {
    Value fromA = t.window(t.argument(0), {}, t.global(rows, depth, problem.element, problem.a),
                           {row, problem.rows, rows}, {k, problem.depth, depth});
    Value fromB = t.window(t.argument(1), {}, t.global(depth, columns, problem.element, problem.b),
                           {k, problem.depth, depth}, {column, problem.columns, columns});
    t.copy(fromA, slots[0]);
    t.copy(fromB, slots[1]);
  });
}

//===----------------------------------------------------------------------===//
// Grid and epilogue
//===----------------------------------------------------------------------===//

Grid::Grid(TileBuilder &t, const GemmProblem &problem, int64_t rows, int64_t columns)
    : t(t), rows(rows), columns(columns), rowTiles(llvm::divideCeil(problem.rows, rows)),
      columnTiles(llvm::divideCeil(problem.columns, columns)) {}

std::pair<Value, Value> Grid::placeOf(Value tile) const {
  Value across = t.index(columnTiles);
  return {t.multiply(t.divide(tile, across), t.index(rows)),
          t.multiply(t.remainder(tile, across), t.index(columns))};
}

void Grid::forTiles(llvm::function_ref<Value(Value, Value)> body) const {
  t.loop(t.blockId(), t.index(rowTiles * columnTiles), t.blockCount(), t.index(0),
         [&](Value tile, ValueRange first) { return Values{body(tile, first[0])}; });
}

void nvidia::storeResult(TileBuilder &t, const GemmProblem &problem, const Epilogue &epilogue,
                         Value sum, Span row, Span column) {
  auto sumType = cast<tile::RegType>(sum.getType());
  auto window = [&](unsigned argument, Type element) {
    tile::MemType type =
        t.global(sumType.getRows(), sumType.getColumns(), element, tile::Order::rows);
    return t.window(t.argument(argument), {}, type, row, column);
  };
  Value result = sum;
  tile::RegType resultType = sumType.withElement(problem.result);
  if (epilogue.body) {
    Values inputs = {sum};
    for (auto [i, type] : llvm::enumerate(epilogue.operandTypes()))
      inputs.push_back(t.load(window(3 + i, type), sumType.withElement(type)));
    result = t.map(inputs, resultType, *epilogue.body);
  } else if (resultType != sumType) {
    result = t.map(sum, {}, resultType, [&](OpBuilder &builder, ValueRange x) {
      return arith::TruncFOp::create(builder, t.getLoc(), problem.result, x[0]).getResult();
    });
  }
  t.store(result, window(2, problem.result));
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile.mma on vectors: accumulators stay in registers over the whole depth; the left factor is read
// element by element (or pair by pair) and broadcast, the right one vector by vector.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "passes/LowerTileToVector/Memory.h"

using namespace mlir;

namespace dreamer::lowering {

static bool isMultipleOf(Value value, int64_t n) {
  IntegerAttr constant;
  if (matchPattern(value, m_Constant(&constant)))
    return constant.getInt() % n == 0;
  Operation *op = value.getDefiningOp();
  auto isMultiple = [n](Value operand) { return isMultipleOf(operand, n); };
  if (isa_and_nonnull<arith::MulIOp>(op))
    return llvm::any_of(op->getOperands(), isMultiple);
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp>(op))
    return llvm::all_of(op->getOperands(), isMultiple);
  if (auto select = dyn_cast_or_null<arith::SelectOp>(op))
    return isMultiple(select.getTrueValue()) && isMultiple(select.getFalseValue());
  return false;
}

bool isMultipleOf(Val x, int64_t n) {
  return x.isInteger() ? x.getInteger() % n == 0 : isMultipleOf(x.get(), n);
}

FailureOr<Val> depthOf(tile::MmaOp op, const Place &a, const Place &b, int64_t n) {
  Val depth = kernels::min(a.validColumns, b.validRows);
  if (n == 1 || isMultipleOf(depth, n))
    return depth;
  return op.emitOpError("expected a depth that is known to be a multiple of ")
         << n << " where the right factor is in pairs; hint: give 'valid' as a number times " << n;
}

namespace {
struct Product {
  Lowering &lowering;
  Place a, b;
  Tile acc;

  /// Rows of the left factor that are multiplied: those that are there, as far as is known.
  SmallVector<Row> leftRows() {
    SmallVector<Row> rows;
    for (int64_t row = 0; row < acc.rows(); ++row) {
      if (a.validRows.isInteger() && row >= a.validRows.getInteger())
        break;
      Row at = rowOf(lowering, a, row);
      // Reading needs a row that exists; what it gives to absent rows is thrown away.
      if (!a.rows && !a.validRows.isInteger())
        at.index = kernels::max(kernels::min(row, a.validRows - 1), 0);
      rows.push_back(at);
    }
    return rows;
  }

  /// Vectors of row k of the right factor; two rows where they lie in pairs.
  SmallVector<Vals> rightRows(Val k) {
    int64_t width = acc.width;
    SmallVector<Vals> rows(1);
    if (b.type.getForm() != tile::Form::pairs) {
      Row row{k, b.validColumns};
      for (int64_t j = 0; j < acc.perRow; ++j)
        rows[0].push_back(widened(loadVector(b, row, j * width, width)));
      return rows;
    }
    rows.resize(2);
    kernels::Emitter &e = lowering.emit();
    Mem flat = b.memory.asItIs().flatInner(2);
    for (int64_t j = 0; j < acc.perRow; ++j) {
      Vals at = b.at(k, j * width);
      Val column = at[at.size() - 2];
      at.pop_back();
      at.back() = column * 2;
      Val both = widened(flat.load(at, Lanes::all(2 * width)));
      auto halves = e.create<vector::DeinterleaveOp>(both.get());
      rows[0].push_back({e, halves.getRes1()});
      rows[1].push_back({e, halves.getRes2()});
    }
    return rows;
  }

  Val widened(Val x) { return kernels::convert(x, lowering.emit().getBuilder().getF32Type()); }

  /// Whether pairs are multiplied as they are.
  bool multipliesPairs() const {
    return lowering.getTarget().narrowProducts() != NarrowProducts::widened && acc.width == 16 &&
           b.type.getForm() == tile::Form::pairs && a.type.getOrder() == tile::Order::rows;
  }

  /// Adds row k of the right factor, or rows k and k + 1 where they lie in pairs.
  Vals addRows(ArrayRef<Row> rows, Val k, ArrayRef<Val> carried) {
    int64_t perRow = acc.perRow;
    Vals next(carried);
    for (auto [i, right] : llvm::enumerate(rightRows(k)))
      for (auto [row, left] : llvm::enumerate(rows)) {
        Val element =
            kernels::splat(a.memory.load(a.at(left.index, k + static_cast<int64_t>(i))), acc.width);
        for (int64_t j = 0; j < perRow; ++j)
          next[row * perRow + j] = kernels::fma(element, right[j], next[row * perRow + j]);
      }
    return next;
  }

  /// Adds pair `pair` of rows of the right factor.
  Vals addPairs(ArrayRef<Row> rows, Val pair, ArrayRef<Val> carried) {
    int64_t perRow = acc.perRow;
    Vals next(carried), right;
    Mem flat = b.memory.asItIs().flatInner(2);
    Vals at = b.offsets;
    at.pop_back();
    size_t last = at.size() - 1;
    at[last - 1] = at[last - 1] + pair;
    for (int64_t j = 0; j < perRow; ++j) {
      Vals here = at;
      here[last] = (here[last] + j * acc.width) * 2;
      right.push_back(flat.load(here, Lanes::all(2 * acc.width)));
    }
    for (auto [row, left] : llvm::enumerate(rows)) {
      Val both = a.memory.asItIs().load(a.at(left.index, pair * 2), Lanes::all(2));
      Val everywhere = kernels::splatPair(both, acc.width);
      for (int64_t j = 0; j < perRow; ++j)
        next[row * perRow + j] = kernels::dotPairs(next[row * perRow + j], everywhere, right[j]);
    }
    return next;
  }

  void run(Val depth) {
    kernels::Emitter &e = lowering.emit();
    SmallVector<Row> rows = leftRows();
    if (rows.empty())
      return;
    int64_t perRow = acc.perRow, step = b.type.getForm() == tile::Form::pairs ? 2 : 1;
    if (!a.validRows.isInteger() && depth.isNumber())
      depth = e.index(depth.getInteger());
    if (!a.validRows.isInteger())
      depth = kernels::select(kernels::less(0, a.validRows), depth, 0);
    Vals before(acc.parts.begin(), acc.parts.begin() + static_cast<int64_t>(rows.size()) * perRow);
    Vals sums;
    if (multipliesPairs())
      sums = e.loop(0, depth / 2, 1, before,
                    [&](Val pair, ArrayRef<Val> sums) { return addPairs(rows, pair, sums); });
    else
      sums = e.loop(0, depth, step, before,
                    [&](Val k, ArrayRef<Val> sums) { return addRows(rows, k, sums); });
    bool perhapsAbsent = a.rows || !a.validRows.isInteger();
    for (auto [i, sum] : llvm::enumerate(sums)) {
      if (perhapsAbsent)
        sum = kernels::select(kernels::less(0, rows[i / perRow].columns), sum, before[i]);
      acc.parts[i] = sum;
    }
  }
};
} // namespace

static LogicalResult lowerMma(Lowering &lowering, tile::MmaOp op) {
  if (isAmx(op.getType()))
    return lowerAmxMma(lowering, op);
  if (failed(lowering.vectorsOf(op, op.getType())))
    return failure();
  Product product{lowering, lowering.place(op.getA()), lowering.place(op.getB()),
                  lowering.tile(op.getAcc())};
  if (product.b.rows)
    return op.emitOpError("expected a right factor that is not gathered");
  bool pairs = product.b.type.getForm() == tile::Form::pairs;
  if (pairs && !product.b.hasAllColumns())
    return op.emitOpError("expected all columns of a right factor in pairs to be there");
  FailureOr<Val> depth = depthOf(op, product.a, product.b, pairs ? 2 : 1);
  if (failed(depth))
    return failure();
  product.run(*depth);
  lowering.set(op, product.acc);
  return success();
}

void addProductHandlers(Handlers &handlers, MLIRContext *context) {
  addHandler<tile::MmaOp, lowerMma>(handlers, context);
}

} // namespace dreamer::lowering

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile.mma on vectors: accumulators stay in registers over the whole depth; the left factor is read
// element by element and broadcast, the right one vector by vector.

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/LowerTileToVector/Memory.h"

using namespace mlir;

namespace dreamer::lowering {

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
        rows[0].push_back(widened(loadVector(lowering, b, row, j * width, width)));
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

  void run() {
    kernels::Emitter &e = lowering.emit();
    SmallVector<Row> rows = leftRows();
    if (rows.empty())
      return;
    int64_t perRow = acc.perRow, step = b.type.getForm() == tile::Form::pairs ? 2 : 1;
    Val depth = kernels::min(a.validColumns, b.validRows);
    if (!a.validRows.isInteger() && depth.isNumber())
      depth = e.index(depth.getInteger());
    if (!a.validRows.isInteger())
      depth = kernels::select(kernels::less(0, a.validRows), depth, 0);
    Vals before(acc.parts.begin(), acc.parts.begin() + static_cast<int64_t>(rows.size()) * perRow);
    Vals sums = e.loop(0, depth, step, before, [&](Val k, ArrayRef<Val> carried) {
      Vals next(carried);
      for (auto [i, right] : llvm::enumerate(rightRows(k)))
        for (auto [row, left] : llvm::enumerate(rows)) {
          Val element = kernels::splat(a.memory.load(a.at(left.index, k + static_cast<int64_t>(i))),
                                       acc.width);
          for (int64_t j = 0; j < perRow; ++j)
            next[row * perRow + j] = kernels::fma(element, right[j], next[row * perRow + j]);
        }
      return next;
    });
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
  FailureOr<Tile> shape = lowering.shapeOf(op, op.getType());
  if (failed(shape))
    return failure();
  Product product{lowering, lowering.place(op.getA()), lowering.place(op.getB()),
                  lowering.tile(op.getAcc())};
  if (product.b.rows)
    return op.emitOpError("expected a right factor that is not gathered");
  if (product.b.type.getForm() == tile::Form::pairs &&
      !(product.b.hasAllRows() && product.b.hasAllColumns()))
    return op.emitOpError("expected a right factor in pairs that is all there");
  product.run();
  lowering.set(op, product.acc);
  return success();
}

void addProductHandlers(Handlers &handlers, MLIRContext *context) {
  addHandler<tile::MmaOp, lowerMma>(handlers, context);
}

} // namespace dreamer::lowering

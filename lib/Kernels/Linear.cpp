// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linear and linear_weight_grad: products of activations with weights.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"

using namespace mlir;

namespace dreamer::kernels {

/// How a product reads its left-hand matrix.
enum class Left {
  Rows,    ///< [rows, depth]
  Columns, ///< [depth, rows]
  Runs,    ///< as `prepareRuns` packs it
};

/// c[rows, columns] = a b, or c += a b, with b [depth, columns] (or its transpose) packed first; a
/// and b are operands, c is a buffer.
static void launchProduct(ScheduleBuilder &s, Value a, Left layout, Value b, bool transposed,
                          Value c, bool accumulate, int64_t rows, int64_t depth, int64_t columns) {
  bool narrow = isNarrow(a) && isNarrow(b);
  Panels panels{depth, columns, RegisterBlock::of(s.target(), narrow)};
  Tiles tiles = Tiles::of(rows, panels);
  int64_t step = panels.block.rows;
  if (panels.block.narrow()) {
    a = prepareLeft(s, panels.block, a, layout == Left::Columns, rows, depth);
    layout = Left::Rows;
  } else if (layout == Left::Columns && depth >= 256 && panels.count() >= 3) {
    // Elements in a column lie far apart; when each is read for several panels, and more of them than
    // the first-level cache has lines for, bring them together.
    a = prepareRuns(s, a, depth, rows);
    layout = Left::Runs;
  } else {
    a = prepareWide(s, a);
  }
  Value packed = preparePanels(s, panels, 1, transposed, b);
  launch(s, "product", tiles.tasks(), {a, packed, c}, [&](Kernel &k) {
    Mem left = k.mem(0), out = k.mem(2).view({rows, columns});
    if (layout != Left::Runs)
      left = left.rows();
    auto rowsOfLeft = [&](Val row, int64_t count, DepthRange depth) {
      switch (layout) {
      case Left::Rows:
        return leftFactor(k, panels, left, {row, 0}, count, depth);
      case Left::Columns:
        return leftFactor(k, panels, left, {0, row}, count, depth, tile::Order::columns);
      case Left::Runs:
        return leftFactor(k, panels, left, {row / step, 0, 0}, count, depth, tile::Order::columns);
      }
      llvm_unreachable("all layouts are handled");
    };
    auto place = [&](const ProductBlock &block) {
      return placeOf(k, block, out, {block.row, block.column});
    };
    multiplyTile(k, panels, tiles, k.task, panels.of(k.mem(1), 1), 0, {}, rowsOfLeft,
                 {place, accumulate});
  });
}

static void buildLinear(LinearOp op, ScheduleBuilder &s) {
  Value x = op.getX(), weight = op.getWeight(), out = s.buffer(op.getResult());
  int64_t rows = rowsOf(op.getX()), depth = featuresOf(op.getX());
  int64_t columns = featuresOf(op.getResult());
  int64_t fewRows = op->getParentOfType<RecurOp>() ? fewRowsInLoop : fewRowsOnce;
  if (!op.getTranspose() && rows < fewRows)
    return launchDots(s, s.buffer(x), s.buffer(weight), out, rows, depth, columns);
  launchProduct(s, x, Left::Rows, weight, !op.getTranspose(), out, /*accumulate=*/false, rows,
                depth, columns);
}

static void buildLinearWeightGrad(LinearWeightGradOp op, ScheduleBuilder &s) {
  launchProduct(s, op.getDResult(), Left::Columns, op.getX(), /*transposed=*/false,
                s.buffer(op.getDWeight()), !op.getSums().empty(), featuresOf(op.getDResult()),
                rowsOf(op.getX()), featuresOf(op.getX()));
}

void attachLinearKernels(MLIRContext &context) {
  LinearOp::attachInterface<Model<LinearOp, buildLinear>>(context);
  LinearWeightGradOp::attachInterface<AccumulatingModel<LinearWeightGradOp, buildLinearWeightGrad>>(
      context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linear and linear_weight_grad: products of activations with weights.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

/// c[rows, columns] = a b with b [depth, columns] (or its transpose) packed first.
static void launchProduct(ScheduleBuilder &s, Value a, Value b, bool transposed, Value c,
                          int64_t rows, int64_t depth, int64_t columns) {
  Panels panels{depth, columns, RegisterBlock::of(s.target())};
  Tiles tiles = Tiles::of(rows, panels);
  Value packed = launchPack(s, "pack", panels, 1, transposed, b);
  launch(s, "product", tiles.tasks(), {a, packed, c}, [&](Kernel &k) {
    Mem left = k.mem(0).view({rows, depth}), out = k.mem(2).view({rows, columns});
    multiplyTile(
        k, panels, tiles, k.task, k.mem(1), 0, 0, depth,
        [&](Val row, Val depth) { return left.load({row, depth}); },
        [&](Val row, Val column, Val value, Lanes lanes) {
          out.store(value, {row, column}, lanes);
        });
  });
}

static void buildLinear(LinearOp op, ScheduleBuilder &s) {
  Value x = s.buffer(op.getX()), weight = s.buffer(op.getWeight()), out = s.buffer(op.getResult());
  int64_t rows = rowsOf(op.getX()), depth = featuresOf(op.getX());
  int64_t columns = featuresOf(op.getResult());
  if (!op.getTranspose() && rows < fewRows)
    return launchDots(s, x, weight, out, rows, depth, columns);
  launchProduct(s, x, weight, !op.getTranspose(), out, rows, depth, columns);
}

static void buildLinearWeightGrad(LinearWeightGradOp op, ScheduleBuilder &s) {
  int64_t depth = rowsOf(op.getX()), rows = featuresOf(op.getDResult());
  Panels panels{depth, featuresOf(op.getX()), RegisterBlock::of(s.target())};
  Tiles tiles = Tiles::of(rows, panels);
  Value packed = launchPack(s, "pack", panels, 1, /*transposed=*/false, s.buffer(op.getX()));
  Value out = s.buffer(op.getDWeight());
  launch(s, "product", tiles.tasks(), {s.buffer(op.getDResult()), packed, out}, [&](Kernel &k) {
    Mem left = k.mem(0).view({depth, rows}), out = k.mem(2);
    multiplyTile(
        k, panels, tiles, k.task, k.mem(1), 0, 0, depth,
        [&](Val row, Val depth) { return left.load({depth, row}); },
        [&](Val row, Val column, Val value, Lanes lanes) {
          out.store(value, {row, column}, lanes);
        });
  });
}

void attachLinearKernels(MLIRContext &context) {
  LinearOp::attachInterface<Model<LinearOp, buildLinear>>(context);
  LinearWeightGradOp::attachInterface<Model<LinearWeightGradOp, buildLinearWeightGrad>>(context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rms_norm and its adjoint, over runs of as many features as the weight has.

#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

/// 1 / sqrt(mean square + eps), given the sum of squares of a run.
static Val inverseNorm(Val sumOfSquares, int64_t features, double eps) {
  return 1.0 / sqrt(sumOfSquares * (1.0 / static_cast<double>(features)) + eps);
}

/// y = x / sqrt(mean(x^2) + eps) * w for a run that begins at `at` of both.
static void normalize(Kernel &k, int64_t features, double eps, Mem x, Mem w, Mem y, Val row,
                      Val column) {
  Val squares = k.sumColumns(features, [&](Val i, Lanes lanes) {
    Val v = x.load({row, column + i}, lanes);
    return v * v;
  });
  Val scale = inverseNorm(squares, features, eps);
  k.forColumns(features, [&](Val i, Lanes lanes) {
    y.store(x.load({row, column + i}, lanes) * scale * w.load({i}, lanes), {row, column + i},
            lanes);
  });
}

static void buildTileOfRMSNorm(RMSNormOp op, Kernel &k, const OpTile &tile) {
  int64_t features = op.getTileRun();
  double eps = op.getEps().convertToDouble();
  Mem x = tile.memory(op.getX()), w = tile.memory(op.getWeight()), y = tile.memory(op.getResult());
  tile.forRows(k, [&](Val row) {
    tile.forRuns(k, features,
                 [&](Val column) { normalize(k, features, eps, x, w, y, row, column); });
  });
}

static void buildRMSNorm(RMSNormOp op, ScheduleBuilder &s) {
  int64_t features = elementsOf(op.getWeight()), runs = elementsOf(op.getX()) / features;
  double eps = op.getEps().convertToDouble();
  Shares shares = Shares::of(runs, 2 * features + 32);
  SmallVector<Value> buffers{s.buffer(op.getX()), s.buffer(op.getWeight()),
                             s.buffer(op.getResult())};
  launch(s, "rms_norm", shares.tasks(), buffers, [&](Kernel &k) {
    Mem x = k.mem(0).view({runs, features}), w = k.mem(1), y = k.mem(2).view({runs, features});
    k.forShare(shares, [&](Val run) { normalize(k, features, eps, x, w, y, run, 0); });
  });
}

/// With r = 1 / sqrt(mean(x^2) + eps) and g = dy * w:
/// dx = r (g - x r^2 mean(g x)), dw = sum over runs of dy x r, added to the sum given.
static void buildRMSNormGrad(RMSNormGradOp op, ScheduleBuilder &s) {
  int64_t features = elementsOf(op.getWeight()), runs = elementsOf(op.getX()) / features;
  double eps = op.getEps().convertToDouble();
  Shares shares = Shares::of(runs, 5 * features + 48);
  int64_t parts = shares.tasks();
  bool accumulate = !op.getSums().empty();
  Value dWeight = s.buffer(op.getDWeight());
  // Each task sums over its own runs; a second launch adds the tasks' sums in order.
  Value partial = parts == 1 ? dWeight : scratch(s, {parts, features});
  SmallVector<Value> buffers{s.buffer(op.getX()), s.buffer(op.getWeight()),
                             s.buffer(op.getDResult()), s.buffer(op.getDX()), partial};
  launch(s, "rms_norm_grad", parts, buffers, [&](Kernel &k) {
    Mem x = k.mem(0).view({runs, features}), w = k.mem(1), dy = k.mem(2).view({runs, features});
    Mem dx = k.mem(3).view({runs, features}), dw = k.mem(4).view({parts, features});
    Val part = parts == 1 ? Val(0) : k.task;
    if (parts > 1 || !accumulate)
      k.forColumns(features, [&](Val i, Lanes lanes) { dw.store(0.0, {part, i}, lanes); });
    k.forShare(shares, [&](Val run) {
      Vals sums = k.sumColumns(features, 2, [&](Val i, Lanes lanes) {
        Val v = x.load({run, i}, lanes);
        return Vals{v * v, v * w.load({i}, lanes) * dy.load({run, i}, lanes)};
      });
      Val r = inverseNorm(sums[0], features, eps);
      Val pull = r * r * sums[1] * (1.0 / static_cast<double>(features));
      k.forColumns(features, [&](Val i, Lanes lanes) {
        Val v = x.load({run, i}, lanes), d = dy.load({run, i}, lanes);
        dx.store(r * (d * w.load({i}, lanes) - v * pull), {run, i}, lanes);
        dw.store(dw.load({part, i}, lanes) + d * v * r, {part, i}, lanes);
      });
    });
  });
  if (parts == 1)
    return;
  launch(s, "sum_parts", 1, {partial, dWeight}, [&](Kernel &k) {
    Mem from = k.mem(0), to = k.mem(1);
    k.forColumns(features, [&](Val i, Lanes lanes) {
      Val start = accumulate ? to.load({i}, lanes) : k.f32(0, lanes.width);
      Vals sum = k.loop(0, parts, 1, {start}, [&](Val part, ArrayRef<Val> carried) {
        return Vals{carried[0] + from.load({part, i}, lanes)};
      });
      to.store(sum[0], {i}, lanes);
    });
  });
}

/// The result lies over x, a run at a time.
void attachNormKernels(MLIRContext &context) {
  RMSNormOp::attachInterface<
      TileModel<RMSNormOp, buildRMSNorm, buildTileOfRMSNorm, Sharing::First>>(context);
  RMSNormGradOp::attachInterface<
      AccumulatingModel<RMSNormGradOp, buildRMSNormGrad, Sharing::First>>(context);
}

} // namespace dreamer::kernels

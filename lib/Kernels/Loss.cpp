// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cross_entropy, its adjoint and count_targets.

#include "lib/Kernels/Loss.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

void requireTargets(ScheduleBuilder &schedule, Value targets, int64_t vocabulary) {
  schedule.requireRange(targets, -1, vocabulary,
                        ("targets: expected ids in [0, " + Twine(vocabulary) + ") or -1").str());
}

Val shareOfTarget(Mem count, Mem dLoss) {
  Val targets = count.load({});
  return select(equal(targets, 0.0), 0.0, dLoss.load({}) / targets);
}

static void buildCountTargets(CountTargetsOp op, ScheduleBuilder &s) {
  SmallVector<Value> buffers{s.buffer(op.getTargets()), s.buffer(op.getCount())};
  launch(s, "count_targets", 1, buffers, [&](Kernel &k) {
    Mem targets = k.mem(0).flat();
    // Sums of ones in f32 are exact up to 2^24 a lane.
    Val count = k.sumColumns(targets.size(), [&](Val i, Lanes lanes) {
      return select(equal(targets.load({i}, lanes), -1), k.f32(0, lanes.width), 1.0);
    });
    k.mem(1).store(count, {});
  });
}

/// Per position: lse, and nll = lse - logits[target].
static void launchTokenLoss(CrossEntropyOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getLogits()), vocabulary = featuresOf(op.getLogits());
  SmallVector<Value> buffers{s.buffer(op.getLogits()), s.buffer(op.getTargets()),
                             s.buffer(op.getTokenLoss()), s.buffer(op.getLse())};
  requireTargets(s, buffers[1], vocabulary);
  Shares shares = Shares::of(rows, 8 * vocabulary + 64);
  launch(s, "cross_entropy", shares.tasks(), buffers, [&](Kernel &k) {
    Mem logits = k.mem(0).rows(), targets = k.mem(1).flat();
    Mem tokenLoss = k.mem(2).flat(), lse = k.mem(3).flat();
    k.forShare(shares, [&](Val row) {
      auto logit = [&](Val i, Lanes lanes) { return logits.load({row, i}, lanes); };
      Val largest = k.maxColumns(vocabulary, logit);
      Val sum = k.sumColumns(vocabulary,
                             [&](Val i, Lanes lanes) { return exp(logit(i, lanes) - largest); });
      Val rowLse = largest + log(sum);
      Val target = targets.load({row});
      Val nll = rowLse - logits.load({row, k.toIndex(max(target, 0))});
      lse.store(rowLse, {row});
      tokenLoss.store(select(equal(target, -1), 0.0, nll), {row});
    });
  });
}

void launchMeanLoss(ScheduleBuilder &schedule, Value tokenLoss, Value lse, Value targets,
                    Value count, Value loss, double zLoss) {
  launch(schedule, "mean", 1, {tokenLoss, lse, targets, count, loss}, [&](Kernel &k) {
    Mem tokenLoss = k.mem(0).flat(), lse = k.mem(1).flat(), targets = k.mem(2).flat();
    Type f64 = k.getBuilder().getF64Type(), f32 = k.getBuilder().getF32Type();
    Val sum = k.sumColumnsWide(tokenLoss.size(), [&](Val i, Lanes lanes) {
      Val loss = convert(tokenLoss.load({i}, lanes), f64);
      if (zLoss == 0)
        return loss;
      Val rowLse = convert(lse.load({i}, lanes), f64);
      Val ignored = equal(targets.load({i}, lanes), -1);
      return loss + select(ignored, 0.0, rowLse * rowLse * zLoss);
    });
    Val count = convert(k.mem(3).load({}), f64);
    Val mean = select(equal(count, 0.0), 0.0, sum / count);
    k.mem(4).store(convert(mean, f32), {});
  });
}

static void buildCrossEntropy(CrossEntropyOp op, ScheduleBuilder &s) {
  launchTokenLoss(op, s);
  launchMeanLoss(s, s.buffer(op.getTokenLoss()), s.buffer(op.getLse()), s.buffer(op.getTargets()),
                 s.buffer(op.getCount()), s.buffer(op.getLoss()), op.getZLoss().convertToDouble());
}

/// dlogits = (softmax (1 + 2 z_loss lse) - onehot(target)) dloss / count.
static void buildCrossEntropyGrad(CrossEntropyGradOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getLogits()), vocabulary = featuresOf(op.getLogits());
  double zLoss = op.getZLoss().convertToDouble();
  SmallVector<Value> buffers{s.buffer(op.getLogits()), s.buffer(op.getTargets()),
                             s.buffer(op.getCount()),  s.buffer(op.getLse()),
                             s.buffer(op.getDLoss()),  s.buffer(op.getDLogits())};
  Shares shares = Shares::of(rows, 6 * vocabulary + 32);
  launch(s, "cross_entropy_grad", shares.tasks(), buffers, [&](Kernel &k) {
    Mem logits = k.mem(0).rows(), targets = k.mem(1).flat(), lse = k.mem(3).flat();
    Mem out = k.mem(5).rows();
    Val factor = shareOfTarget(k.mem(2), k.mem(4));
    Type i32 = k.getBuilder().getI32Type();
    k.forShare(shares, [&](Val row) {
      Val target = targets.load({row}), rowLse = lse.load({row});
      Val scale = select(equal(target, -1), 0.0, factor);
      Val softmaxScale = scale * (rowLse * (2 * zLoss) + 1.0);
      k.forColumns(vocabulary, [&](Val i, Lanes lanes) {
        Val probability = exp(logits.load({row, i}, lanes) - rowLse);
        Val column = k.iota(lanes.width) + convert(i, i32);
        Val chosen = select(equal(column, target), splat(scale, lanes.width), 0.0);
        out.store(probability * softmaxScale - chosen, {row, i}, lanes);
      });
    });
  });
}

void attachLossKernels(MLIRContext &context) {
  CountTargetsOp::attachInterface<Model<CountTargetsOp, buildCountTargets>>(context);
  CrossEntropyOp::attachInterface<Model<CrossEntropyOp, buildCrossEntropy>>(context);
  CrossEntropyGradOp::attachInterface<
      Model<CrossEntropyGradOp, buildCrossEntropyGrad, Sharing::First>>(context);
}

} // namespace dreamer::kernels

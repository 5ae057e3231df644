// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linear_cross_entropy and its adjoint: the logits of some rows at a time. They are multiplied out, reduced
// and, for the adjoint, turned in place into their cotangent, from which the rows' dx and
// their part of dW follow.

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/Loss.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {

/// Rows whose logits are in memory at one time.
struct LogitRows {
  int64_t first, count;
};

template <typename LossOp>
class LinearLoss {
public:
  LinearLoss(LossOp op, ScheduleBuilder &s)
      : op(op), s(s), block(RegisterBlock::of(s.target())), rows(rowsOf(op.getX())),
        features(featuresOf(op.getX())), vocabulary(tensorType(op.getWeight()).getDimSize(0)),
        zLoss(op.getZLoss().convertToDouble()) {}

  void build() {
    targets = s.buffer(op.getTargets());
    requireTargets(s, targets, vocabulary);
    // With each row some elements further than a power of two, columns do not meet in one set of a cache.
    stride = roundUp(vocabulary, 16) + 16;
    int64_t together = rowsTogether();
    logits = scratch(s, {together, stride});
    for (int64_t first = 0; first < rows; first += together)
      buildRows({first, std::min(together, rows - first)});
    launchMeanLoss(s, s.buffer(op.getTokenLoss()), s.buffer(op.getLse()), targets,
                   s.buffer(op.getCount()), s.buffer(op.getLoss()), zLoss);
  }

private:
  static constexpr bool withGradients = std::is_same_v<LossOp, LinearCrossEntropyGradOp>;

  /// Enough rows for each weight that is read to be used often, in no more than 16 turns.
  int64_t rowsTogether() const {
    constexpr int64_t enough = 192, mostTurns = 16;
    int64_t turns = std::min(ceilDiv(rows, enough), mostTurns);
    return roundUp(ceilDiv(rows, turns), block.rows);
  }

  void buildRows(LogitRows part) {
    first = arith::ConstantIndexOp::create(s.builder(), s.loc(), part.first);
    launchLogits(part);
    launchLoss(part);
    if constexpr (withGradients) {
      launchDX(part);
      launchDWeight(part);
    }
  }

  void launchLogits(LogitRows part);
  void launchLoss(LogitRows part);
  void launchDX(LogitRows part);
  void launchDWeight(LogitRows part);

  LossOp op;
  ScheduleBuilder &s;
  RegisterBlock block;
  int64_t rows, features, vocabulary, stride = 0;
  double zLoss;
  Value targets, logits, first; ///< buffers, and the first row as an index
};

} // namespace

/// logits = x W^T
template <typename LossOp>
void LinearLoss<LossOp>::launchLogits(LogitRows part) {
  Panels panels{features, vocabulary, block};
  Tiles tiles = Tiles::of(part.count, panels);
  Value packed = preparePanels(s, panels, 1, /*transposed=*/true, op.getWeight());
  launch(s, "logits", tiles.tasks(), {prepareWide(s, op.getX()), packed, logits, first},
         /*contractions=*/part.count, [&](Kernel &k) {
           Mem x = k.mem(0).rows(), out = k.mem(2);
           multiplyTile(
               k, panels, tiles, k.task, panels.of(k.mem(1), 1), 0, {},
               [&](Val row, int64_t count, DepthRange depth) {
                 return leftFactor(k, panels, x, {k.scalar(3) + row, 0}, count, depth);
               },
               {[&](const ProductBlock &c) { return placeOf(k, c, out, {c.row, c.column}); }});
         });
}

/// lse and the losses of the rows; logits become their cotangent,
/// (softmax (1 + 2 z_loss lse) - onehot(target)) dloss / count.
template <typename LossOp>
void LinearLoss<LossOp>::launchLoss(LogitRows part) {
  SmallVector<Value> buffers{logits, targets, s.buffer(op.getTokenLoss()), s.buffer(op.getLse()),
                             first};
  if constexpr (withGradients)
    buffers.append({s.buffer(op.getCount()), s.buffer(op.getDLoss())});
  Shares shares = Shares::of(part.count, 8 * vocabulary + 64);
  launch(s, "loss", shares.tasks(), buffers, /*contractions=*/0, [&](Kernel &k) {
    Mem logits = k.mem(0), targets = k.mem(1).flat();
    Mem tokenLoss = k.mem(2).flat(), lse = k.mem(3).flat();
    Val factor = withGradients ? shareOfTarget(k.mem(5), k.mem(6)) : Val();
    k.forShare(shares, [&](Val row) {
      auto logit = [&](Val i, Lanes lanes) { return logits.load({row, i}, lanes); };
      Val at = k.scalar(4) + row, target = targets.load({at});
      Val column = k.toIndex(max(target, 0)), ofTarget = logits.load({row, column});
      Val largest = k.maxColumns(vocabulary, logit);
      Val sum = k.sumColumns(vocabulary, [&](Val i, Lanes lanes) {
        Val power = exp(logit(i, lanes) - largest);
        if (withGradients)
          logits.store(power, {row, i}, lanes);
        return power;
      });
      Val rowLse = largest + log(sum);
      lse.store(rowLse, {at});
      tokenLoss.store(select(equal(target, -1), 0.0, rowLse - ofTarget), {at});
      if (!withGradients)
        return;
      Val scale = select(equal(target, -1), 0.0, factor);
      Val softmaxScale = scale * (rowLse * (2 * zLoss) + 1.0) / sum;
      k.forColumns(vocabulary, [&](Val i, Lanes lanes) {
        logits.store(logit(i, lanes) * softmaxScale, {row, i}, lanes);
      });
      logits.store(logits.load({row, column}) - scale, {row, column});
    });
  });
}

/// dx = dlogits W
template <typename LossOp>
void LinearLoss<LossOp>::launchDX(LogitRows part) {
  Panels panels{vocabulary, features, block};
  Tiles tiles = Tiles::of(part.count, panels);
  Value packed = preparePanels(s, panels, 1, /*transposed=*/false, op.getWeight());
  launch(s, "dx", tiles.tasks(), {logits, packed, s.buffer(op.getDX()), first},
         /*contractions=*/part.count, [&](Kernel &k) {
           Mem dLogits = k.mem(0), out = k.mem(2).rows();
           multiplyTile(k, panels, tiles, k.task, panels.of(k.mem(1), 1), 0, {},
                        [&](Val row, int64_t count, DepthRange depth) {
                          return leftFactor(k, panels, dLogits, {row, 0}, count, depth);
                        },
                        {[&](const ProductBlock &c) {
                          return placeOf(k, c, out, {k.scalar(3) + c.row, c.column});
                        }});
         });
}

/// dW += dlogits^T x, a sum over rows in order.
template <typename LossOp>
void LinearLoss<LossOp>::launchDWeight(LogitRows part) {
  Panels panels{rows, features, block};
  Tiles tiles = Tiles::of(vocabulary, {part.count, features, block});
  Value packed = preparePanels(s, panels, 1, /*transposed=*/false, op.getX());
  bool accumulate = part.first > 0 || !op.getSums().empty();
  // A column of as many elements stays in the first-level cache, a line each.
  constexpr int64_t together = 192;
  launch(
      s, "dw", tiles.tasks(), {logits, packed, s.buffer(op.getDWeight()), first},
      /*contractions=*/part.count, [&](Kernel &k) {
        Mem dLogits = k.mem(0), out = k.mem(2);
        Val first = k.scalar(3);
        auto place = [&](const ProductBlock &c) { return placeOf(k, c, out, {c.row, c.column}); };
        for (int64_t from = 0; from < part.count; from += together) {
          int64_t count = std::min(together, part.count - from);
          multiplyTile(k, panels, tiles, k.task, panels.of(k.mem(1), 1), 0, {first + from, count},
                       [&](Val row, int64_t columns, DepthRange depth) {
                         return leftFactor(k, panels, dLogits, {0, row}, columns,
                                           {from, depth.count}, tile::Order::columns);
                       },
                       {place, accumulate || from > 0});
        }
      });
}

template <typename LossOp>
static void buildLinearLoss(LossOp op, ScheduleBuilder &s) {
  LinearLoss<LossOp>(op, s).build();
}

void attachLinearLossKernels(MLIRContext &context) {
  LinearCrossEntropyOp::attachInterface<
      Model<LinearCrossEntropyOp, buildLinearLoss<LinearCrossEntropyOp>>>(context);
  LinearCrossEntropyGradOp::attachInterface<
      AccumulatingModel<LinearCrossEntropyGradOp, buildLinearLoss<LinearCrossEntropyGradOp>>>(
      context);
}

} // namespace dreamer::kernels

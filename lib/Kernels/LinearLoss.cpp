// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linear_cross_entropy and its adjoint: the logits of some rows at a time. They are multiplied out, reduced
// and, for the adjoint, turned in place into their cotangent, from which the rows' dx and
// their part of dW follow. Where bf16 is multiplied as it is, the cotangent is rounded to that, as it would
// be if it were an operand.

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/Loss.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include <array>

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
      : op(op), s(s),
        block(RegisterBlock::of(s.target(), isNarrow(op.getX()) && isNarrow(op.getWeight()))),
        rows(rowsOf(op.getX())), features(featuresOf(op.getX())),
        vocabulary(tensorType(op.getWeight()).getDimSize(0)),
        zLoss(op.getZLoss().convertToDouble()) {}

  void build() {
    targets = s.buffer(op.getTargets());
    requireTargets(s, targets, vocabulary);
    // With each row some elements further than a power of two, columns do not meet in one set of a cache.
    stride = roundUp(vocabulary, 16) + 16;
    int64_t together = rowsTogether();
    logits = scratch(s, {together, stride});
    dLogits = logits;
    if (withGradients && block.narrow()) {
      Type bf16 = s.builder().getBF16Type();
      dLogits =
          scratch(s, {roundUp(together, block.rowStep()), block.paddedDepth(vocabulary)}, bf16);
      columns = scratch(s, columnsOf(together), bf16);
    }
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
  /// The shape of the transpose of so many rows of the logits' cotangent, padded.
  std::array<int64_t, 2> columnsOf(int64_t count) const {
    return {roundUp(vocabulary, block.rowStep()), block.paddedDepth(count)};
  }

  void buildRows(LogitRows part) {
    first = arith::ConstantIndexOp::create(s.builder(), s.loc(), part.first);
    launchLogits(part);
    launchLoss(part);
    if constexpr (withGradients) {
      launchDX(part);
      if (block.narrow())
        launchTranspose(part);
      launchDWeight(part);
    }
  }

  void launchLogits(LogitRows part);
  void launchLoss(LogitRows part);
  void launchDX(LogitRows part);
  void launchTranspose(LogitRows part);
  void launchDWeight(LogitRows part);

  LossOp op;
  ScheduleBuilder &s;
  RegisterBlock block;
  int64_t rows, features, vocabulary, stride = 0;
  double zLoss;
  Value targets, logits, first; ///< buffers, and the first row as an index
  /// The logits' cotangent: where the logits were, or as bf16 in padded rows, and then the transpose.
  Value dLogits, columns;
};

} // namespace

/// logits = x W^T
template <typename LossOp>
void LinearLoss<LossOp>::launchLogits(LogitRows part) {
  Panels panels{features, vocabulary, block};
  Tiles tiles = Tiles::of(part.count, panels);
  Value packed = preparePanels(s, panels, 1, /*transposed=*/true, op.getWeight());
  Value x = block.narrow() ? prepareLeft(s, block, op.getX(), /*transposed=*/false, rows, features)
                           : prepareWide(s, op.getX());
  launch(s, "logits", tiles.tasks(), {x, packed, logits, first},
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
  bool apart = withGradients && block.narrow();
  if (apart)
    buffers.push_back(dLogits);
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
      Val dOfTarget = logits.load({row, column}) * softmaxScale - scale;
      Mem dLogits = apart ? k.mem(7) : logits;
      k.forColumns(vocabulary, [&](Val i, Lanes lanes) {
        dLogits.store(logit(i, lanes) * softmaxScale, {row, i}, lanes);
      });
      dLogits.store(dOfTarget, {row, column});
      if (apart)
        k.loop(vocabulary, dLogits.features(), 1, [&](Val i) { dLogits.store(0.0, {row, i}); });
    });
  });
}

/// dx = dlogits W
template <typename LossOp>
void LinearLoss<LossOp>::launchDX(LogitRows part) {
  Panels panels{vocabulary, features, block};
  Tiles tiles = Tiles::of(part.count, panels);
  Value packed = preparePanels(s, panels, 1, /*transposed=*/false, op.getWeight());
  launch(s, "dx", tiles.tasks(), {dLogits, packed, s.buffer(op.getDX()), first},
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

/// The cotangent's rows as columns, left factors of dW.
template <typename LossOp>
void LinearLoss<LossOp>::launchTranspose(LogitRows part) {
  Shares shares = transposeShares(roundUp(vocabulary, block.rowStep()), part.count);
  launch(s, "columns", shares.tasks(), {dLogits, columns}, /*contractions=*/0, [&](Kernel &k) {
    Mem from = k.mem(0), to = k.mem(1).view(columnsOf(part.count));
    transposeShare(k, shares, from.view({part.count, from.features()}), vocabulary, to);
  });
}

/// dW += dlogits^T x, a sum over rows in order.
template <typename LossOp>
void LinearLoss<LossOp>::launchDWeight(LogitRows part) {
  bool narrow = block.narrow();
  Panels panels{rows, features, block};
  Tiles tiles = Tiles::of(vocabulary, {part.count, features, block});
  Value packed = preparePanels(s, panels, 1, /*transposed=*/false, op.getX());
  bool accumulate = part.first > 0 || !op.getSums().empty();
  // A column of as many elements stays in the first-level cache, a line each.
  int64_t together = narrow ? block.usualDepthChunk() : 192;
  int64_t depth = block.paddedDepth(part.count);
  launch(s, "dw", tiles.tasks(),
         {narrow ? columns : dLogits, packed, s.buffer(op.getDWeight()), first},
         /*contractions=*/part.count, [&](Kernel &k) {
           Mem left = k.mem(0), out = k.mem(2);
           if (narrow)
             left = left.view(columnsOf(part.count));
           auto place = [&](const ProductBlock &c) {
             return placeOf(k, c, out, {c.row, c.column});
           };
           for (int64_t from = 0; from < depth; from += together) {
             auto columnsOfLeft = [&](Val row, int64_t count, DepthRange range) {
               DepthRange here{from, range.count};
               if (narrow)
                 return leftFactor(k, panels, left, {row, 0}, count, here);
               return leftFactor(k, panels, left, {0, row}, count, here, tile::Order::columns);
             };
             multiplyTile(k, panels, tiles, k.task, panels.of(k.mem(1), 1), 0,
                          {k.scalar(3) + from, std::min(together, depth - from)}, columnsOfLeft,
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

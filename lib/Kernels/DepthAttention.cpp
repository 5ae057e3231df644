// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// depth_attention and its adjoint: every position attends its own history of depths.

#include "lib/Kernels/Attention.h"
#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Models.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

namespace {
/// One row (a position) of the operation: its sizes and the memory it reads.
struct DepthRows {
  int64_t rows, slots, heads, kvHeads, features;
  Mem q, keys, values; // [rows, heads * c], [slots, rows, kvHeads * c] twice

  double scale() const { return 1 / std::sqrt(static_cast<double>(features)); }
  Val keyColumn(Val head) const { return head / (heads / kvHeads) * features; }

  /// Fills `scores` with the probabilities of the slots; those that are not valid get 0.
  void probabilities(Kernel &k, Val row, Val head, Val count, Mem scores) const {
    constexpr double out = -std::numeric_limits<double>::infinity();
    k.forColumns(scores.size(), [&](Val i, Lanes lanes) { scores.store(out, {i}, lanes); });
    k.loop(0, count, 1, [&](Val slot) {
      Val score = dot(
          k, features,
          [&](Val i, Lanes lanes) { return q.load({row, head * features + i}, lanes); },
          [&](Val i, Lanes lanes) { return keys.load({slot, row, keyColumn(head) + i}, lanes); });
      scores.store(score * scale(), {slot});
    });
    auto score = [&](Val i, Lanes lanes) { return scores.load({i}, lanes); };
    Val largest = k.maxColumns(scores.size(), score);
    Val sum = k.sumColumns(scores.size(), [&](Val i, Lanes lanes) {
      Val p = exp(score(i, lanes) - largest);
      scores.store(p, {i}, lanes);
      return p;
    });
    Val inverse = 1.0 / sum;
    k.forColumns(scores.size(),
                 [&](Val i, Lanes lanes) { scores.store(score(i, lanes) * inverse, {i}, lanes); });
  }
};
} // namespace

/// Slots in whole vectors.
static int64_t paddedSlots(Kernel &k, int64_t slots) { return roundUp(slots, k.lanesFor(slots)); }

static void zeroRow(Kernel &k, int64_t columns, function_ref<void(Val, Lanes)> store) {
  k.forColumns(columns, store);
}

static void buildDepthAttention(DepthAttentionOp op, ScheduleBuilder &s) {
  auto heads = static_cast<int64_t>(op.getHeads()), kvHeads = static_cast<int64_t>(op.getKvHeads());
  int64_t rows = rowsOf(op.getQ()), width = featuresOf(op.getQ()), features = width / heads;
  int64_t slots = tensorType(op.getKeys()).getDimSize(0);
  SmallVector<Value> buffers{s.buffer(op.getQ()), s.buffer(op.getKeys()), s.buffer(op.getValues()),
                             s.buffer(op.getCount()), s.buffer(op.getResult())};
  Shares shares = Shares::of(rows, heads * slots * (features / 2 + 32));
  launch(s, "depth_attention", shares.tasks(), buffers, [&](Kernel &k) {
    auto history = [&](unsigned i) { return k.mem(i).view({slots, rows, kvHeads * features}); };
    DepthRows depth{rows, slots, heads, kvHeads, features, k.mem(0).rows(), history(1), history(2)};
    Val count = k.scalar(3);
    Mem out = k.mem(4).rows(), scores = k.stack({paddedSlots(k, slots)});
    k.when(equal(count, 0), [&] {
      k.forShare(shares, [&](Val row) {
        zeroRow(k, width, [&](Val i, Lanes lanes) { out.store(0.0, {row, i}, lanes); });
      });
    });
    k.when(less(0, count), [&] {
      k.forShare(shares, [&](Val row) {
        k.loop(0, heads, 1, [&](Val head) {
          depth.probabilities(k, row, head, count, scores);
          weightedSum(
              k, count, features, [&](Val slot) { return scores.load({slot}); },
              [&](Val slot, Val i, Lanes lanes) {
                return depth.values.load({slot, row, depth.keyColumn(head) + i}, lanes);
              },
              [&](Val i, Val sum, Lanes lanes) {
                out.store(sum, {row, head * features + i}, lanes);
              });
        });
      });
    });
  });
}

/// With p the probabilities and dp_s = do . v_s: ds_s = p_s (dp_s - sum p dp) scale,
/// dq = sum ds_s k_s, dk_s = ds_s q, dv_s = p_s do; keys and values of a group of heads sum. Where
/// dk and dv are added to given sums, slots that are not valid are not touched.
static void buildDepthAttentionGrad(DepthAttentionGradOp op, ScheduleBuilder &s) {
  auto heads = static_cast<int64_t>(op.getHeads()), kvHeads = static_cast<int64_t>(op.getKvHeads());
  int64_t rows = rowsOf(op.getQ()), width = featuresOf(op.getQ()), features = width / heads;
  int64_t slots = tensorType(op.getKeys()).getDimSize(0), kvWidth = kvHeads * features;
  bool accumulate = !op.getSums().empty();
  SmallVector<Value> buffers{s.buffer(op.getQ()),       s.buffer(op.getKeys()),
                             s.buffer(op.getValues()),  s.buffer(op.getCount()),
                             s.buffer(op.getDResult()), s.buffer(op.getDQ()),
                             s.buffer(op.getDKeys()),   s.buffer(op.getDValues())};
  Shares shares = Shares::of(rows, heads * slots * (features + 64));
  launch(s, "depth_attention_grad", shares.tasks(), buffers, [&](Kernel &k) {
    auto history = [&](unsigned i) { return k.mem(i).view({slots, rows, kvWidth}); };
    DepthRows depth{rows, slots, heads, kvHeads, features, k.mem(0).rows(), history(1), history(2)};
    Val count = k.scalar(3);
    Mem dOut = k.mem(4).rows(), dq = k.mem(5).rows(), dKeys = history(6), dValues = history(7);
    Mem p = k.stack({paddedSlots(k, slots)}), ds = k.stack({paddedSlots(k, slots)});

    auto head = [&](Val row, Val h, bool first) {
      Val column = h * features, keyColumn = depth.keyColumn(h);
      depth.probabilities(k, row, h, count, p);
      k.forColumns(ds.size(), [&](Val i, Lanes lanes) { ds.store(0.0, {i}, lanes); });
      k.loop(0, count, 1, [&](Val slot) {
        Val d = dot(
            k, features, [&](Val i, Lanes lanes) { return dOut.load({row, column + i}, lanes); },
            [&](Val i, Lanes lanes) {
              return depth.values.load({slot, row, keyColumn + i}, lanes);
            });
        ds.store(d, {slot});
      });
      Val mean = k.sumColumns(
          ds.size(), [&](Val i, Lanes lanes) { return p.load({i}, lanes) * ds.load({i}, lanes); });
      k.forColumns(ds.size(), [&](Val i, Lanes lanes) {
        ds.store(p.load({i}, lanes) * (ds.load({i}, lanes) - mean) * depth.scale(), {i}, lanes);
      });
      weightedSum(
          k, count, features, [&](Val slot) { return ds.load({slot}); },
          [&](Val slot, Val i, Lanes lanes) {
            return depth.keys.load({slot, row, keyColumn + i}, lanes);
          },
          [&](Val i, Val sum, Lanes lanes) { dq.store(sum, {row, column + i}, lanes); });
      k.loop(0, count, 1, [&](Val slot) {
        Val dScore = ds.load({slot}), probability = p.load({slot});
        k.forColumns(features, [&](Val i, Lanes lanes) {
          Val dKey = depth.q.load({row, column + i}, lanes) * dScore;
          Val dValue = dOut.load({row, column + i}, lanes) * probability;
          if (accumulate || !first) {
            dKey = dKey + dKeys.load({slot, row, keyColumn + i}, lanes);
            dValue = dValue + dValues.load({slot, row, keyColumn + i}, lanes);
          }
          dKeys.store(dKey, {slot, row, keyColumn + i}, lanes);
          dValues.store(dValue, {slot, row, keyColumn + i}, lanes);
        });
      });
    };
    int64_t group = heads / kvHeads;
    k.forShare(shares, [&](Val row) {
      if (!accumulate)
        k.loop(count, slots, 1, [&](Val slot) {
          zeroRow(k, kvWidth, [&](Val i, Lanes lanes) {
            dKeys.store(0.0, {slot, row, i}, lanes);
            dValues.store(0.0, {slot, row, i}, lanes);
          });
        });
      k.when(equal(count, 0), [&] {
        zeroRow(k, width, [&](Val i, Lanes lanes) { dq.store(0.0, {row, i}, lanes); });
      });
      k.when(less(0, count), [&] {
        k.loop(0, kvHeads, 1, [&](Val g) {
          head(row, g * group, /*first=*/true);
          k.loop(1, group, 1, [&](Val i) { head(row, g * group + i, /*first=*/false); });
        });
      });
    });
  });
}

void attachDepthAttentionKernels(MLIRContext &context) {
  DepthAttentionOp::attachInterface<Model<DepthAttentionOp, buildDepthAttention>>(context);
  DepthAttentionGradOp::attachInterface<
      AccumulatingModel<DepthAttentionGradOp, buildDepthAttentionGrad>>(context);
}

} // namespace dreamer::kernels

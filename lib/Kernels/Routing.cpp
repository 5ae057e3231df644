// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The choice of experts: top_k, replay, gates and the adjoint of gates.

#include "lib/Kernels/Models.h"
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

/// k times: the largest rank, the first place where it is, and then it is out.
static void buildTopK(TopKOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getScores()), experts = featuresOf(op.getScores());
  int64_t chosen = featuresOf(op.getIds());
  bool bySigmoid = op.getRank() == "sigmoid";
  SmallVector<Value> buffers{s.buffer(op.getScores()), s.buffer(op.getBias()),
                             s.buffer(op.getIds())};
  Shares shares = Shares::of(rows, experts * (4 + chosen) + 32 * chosen);
  launch(s, "top_k", shares.tasks(), buffers, [&](Kernel &k) {
    Mem scores = k.mem(0).rows(), bias = k.mem(1), ids = k.mem(2).rows();
    Mem ranks = k.stack({roundUp(experts, k.lanesFor(experts))});
    constexpr double out = -std::numeric_limits<double>::infinity();
    Type i32 = k.getBuilder().getI32Type();
    k.forShare(shares, [&](Val row) {
      k.forColumns(experts, [&](Val i, Lanes lanes) {
        Val score = scores.load({row, i}, lanes);
        Val rank = (bySigmoid ? sigmoid(score) : score) + bias.load({i}, lanes);
        ranks.store(keep(rank, lanes, out), {i}, Lanes::all(lanes.width));
      });
      k.loop(0, chosen, 1, [&](Val j) {
        int64_t width = k.lanesFor(experts), all = ranks.size();
        auto rank = [&](Val i, Lanes) { return ranks.load({i}, Lanes::all(width)); };
        Val largest = k.maxColumns(all, rank);
        Val none = k.number(experts - 1, VectorType::get(width, i32));
        Vals first = k.loop(0, all, width, {none}, [&](Val i, ArrayRef<Val> carried) {
          Val at = k.iota(width) + convert(i, i32);
          return Vals{min(carried[0], select(equal(rank(i, {}), largest), at, experts - 1))};
        });
        Val id = minLanes(first[0]);
        ids.store(id, {row, j});
        ranks.store(out, {k.toIndex(id)});
      });
    });
  });
}

static void buildReplay(ReplayOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getIds()), chosen = featuresOf(op.getIds());
  SmallVector<Value> buffers{s.buffer(op.getGiven()), s.buffer(op.getChosen()),
                             s.buffer(op.getIds())};
  Shares shares = Shares::of(rows, 2 * chosen + 8);
  launch(s, "replay", shares.tasks(), buffers, [&](Kernel &k) {
    Mem given = k.mem(0).rows(), chosenIds = k.mem(1).rows(), ids = k.mem(2).rows();
    k.forShare(shares, [&](Val row) {
      Val free = less(given.load({row, 0}), 0);
      k.forColumns(chosen, [&](Val i, Lanes lanes) {
        ids.store(select(free, chosenIds.load({row, i}, lanes), given.load({row, i}, lanes)),
                  {row, i}, lanes);
      });
    });
  });
}

/// Gathers the sigmoids of the chosen scores of a row into `into`; returns their sum + 1e-20.
static Val gatherSigmoids(Kernel &k, Mem scores, Mem ids, Val row, int64_t chosen, Mem into) {
  k.loop(0, chosen, 1,
         [&](Val j) { into.store(scores.load({row, k.toIndex(ids.load({row, j}))}), {j}); });
  return k.sumColumns(chosen, [&](Val j, Lanes lanes) {
    Val value = sigmoid(into.load({j}, lanes));
    into.store(value, {j}, lanes);
    return value;
  }) + 1e-20;
}

static void buildGates(GatesOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getIds()), chosen = featuresOf(op.getIds());
  int64_t experts = featuresOf(op.getScores());
  SmallVector<Value> buffers{s.buffer(op.getScores()), s.buffer(op.getIds()),
                             s.buffer(op.getGates())};
  s.requireRange(buffers[1], 0, experts,
                 ("expert ids: expected ids in [0, " + Twine(experts) + ")").str());
  Shares shares = Shares::of(rows, 8 * chosen + 48);
  launch(s, "gates", shares.tasks(), buffers, [&](Kernel &k) {
    Mem scores = k.mem(0).rows(), ids = k.mem(1).rows(), gates = k.mem(2).rows();
    Mem values = k.stack({chosen});
    k.forShare(shares, [&](Val row) {
      Val scale = 1.0 / gatherSigmoids(k, scores, ids, row, chosen, values);
      k.forColumns(chosen, [&](Val j, Lanes lanes) {
        gates.store(values.load({j}, lanes) * scale, {row, j}, lanes);
      });
    });
  });
}

/// ds_j = sigmoid'(s_j) (dg_j - sum_i dg_i g_i) / S with S the sum of sigmoids.
static void buildGatesGrad(GatesGradOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getIds()), chosen = featuresOf(op.getIds());
  int64_t experts = featuresOf(op.getScores());
  SmallVector<Value> buffers{s.buffer(op.getScores()), s.buffer(op.getIds()),
                             s.buffer(op.getDGates()), s.buffer(op.getDScores())};
  Shares shares = Shares::of(rows, experts + 12 * chosen + 64);
  launch(s, "gates_grad", shares.tasks(), buffers, [&](Kernel &k) {
    Mem scores = k.mem(0).rows(), ids = k.mem(1).rows(), dGates = k.mem(2).rows();
    Mem out = k.mem(3).rows(), values = k.stack({chosen});
    k.forShare(shares, [&](Val row) {
      Val scale = 1.0 / gatherSigmoids(k, scores, ids, row, chosen, values);
      Val mean = scale * k.sumColumns(chosen, [&](Val j, Lanes lanes) {
        return dGates.load({row, j}, lanes) * values.load({j}, lanes);
      });
      k.forColumns(chosen, [&](Val j, Lanes lanes) {
        Val g = values.load({j}, lanes);
        Val d = g * (1.0 - g) * (dGates.load({row, j}, lanes) - mean) * scale;
        values.store(d, {j}, lanes);
      });
      k.forColumns(experts, [&](Val i, Lanes lanes) { out.store(0.0, {row, i}, lanes); });
      k.loop(0, chosen, 1, [&](Val j) {
        Val expert = k.toIndex(ids.load({row, j}));
        out.store(out.load({row, expert}) + values.load({j}), {row, expert});
      });
    });
  });
}

void attachRoutingKernels(MLIRContext &context) {
  TopKOp::attachInterface<Model<TopKOp, buildTopK>>(context);
  ReplayOp::attachInterface<Model<ReplayOp, buildReplay>>(context);
  GatesOp::attachInterface<Model<GatesOp, buildGates>>(context);
  GatesGradOp::attachInterface<Model<GatesGradOp, buildGatesGrad>>(context);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expert attention: the choice, its gates, the mixture, and their adjoints.

#include "lib/Reference/Models.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>
#include <vector>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

/// The k largest of scores + bias (or sigmoid(scores) + bias), ties to the lower index.
static LogicalResult topK(TopKOp op, Frame &frame) {
  const Floats &scores = frame.floats(op.getScores()), &bias = frame.floats(op.getBias());
  bool bySigmoid = op.getRank() == "sigmoid";
  Ints ids(shapeOf(op.getIds()));
  for (int64_t r = 0; r < scores.rows(); ++r) {
    std::vector<double> rank(scores.width());
    for (int64_t j = 0; j < scores.width(); ++j) {
      double score = scores.row(r)[j];
      rank[j] = (bySigmoid ? sigmoid(score) : score) + bias(j);
    }
    std::vector<bool> taken(scores.width());
    for (int32_t &id : ids.row(r)) {
      int64_t best = -1;
      for (int64_t j = 0; j < scores.width(); ++j)
        if (!taken[j] && (best < 0 || rank[j] > rank[best]))
          best = j;
      taken[best] = true;
      id = best;
    }
  }
  frame.set(op.getIds(), ids);
  return success();
}

/// Rows of `given` that start with an id win over the chosen ones.
static LogicalResult replay(ReplayOp op, Frame &frame) {
  const Ints &given = frame.ints(op.getGiven());
  Ints ids = frame.ints(op.getChosen());
  for (int64_t r = 0; r < ids.rows(); ++r)
    if (given.row(r)[0] >= 0)
      llvm::copy(given.row(r), ids.row(r).begin());
  frame.set(op.getIds(), ids);
  return success();
}

/// Fails unless every id is an expert: in [0, experts).
static LogicalResult checkIds(Operation *op, const Ints &ids, int64_t experts) {
  for (int64_t i = 0; i < ids.size(); ++i)
    if (failed(checkRange(op, "expert id", ids, i, 0, experts - 1)))
      return failure();
  return success();
}

/// g_j = sigmoid(s_j) of the chosen j, over (their sum + 1e-20)
static LogicalResult gates(GatesOp op, Frame &frame) {
  const Floats &scores = frame.floats(op.getScores());
  const Ints &ids = frame.ints(op.getIds());
  if (failed(checkIds(op, ids, scores.width())))
    return failure();
  Floats result(shapeOf(op.getGates()));
  for (int64_t r = 0; r < ids.rows(); ++r) {
    double sum = 1e-20;
    for (int32_t id : ids.row(r))
      sum += sigmoid(scores.row(r)[id]);
    for (int64_t i = 0; i < ids.width(); ++i)
      result.row(r)[i] = sigmoid(scores.row(r)[ids.row(r)[i]]) / sum;
  }
  frame.set(op.getGates(), result);
  return success();
}

/// With S the sum of sigmoids: ds_j = sigmoid'(s_j) (dg_j - sum_i dg_i g_i) / S
static LogicalResult gatesGrad(GatesGradOp op, Frame &frame) {
  const Floats &scores = frame.floats(op.getScores()), &dGates = frame.floats(op.getDGates());
  const Ints &ids = frame.ints(op.getIds());
  if (failed(checkIds(op, ids, scores.width())))
    return failure();
  Floats dScores(scores.shape());
  for (int64_t r = 0; r < ids.rows(); ++r) {
    double sum = 1e-20, mean = 0;
    for (int32_t id : ids.row(r))
      sum += sigmoid(scores.row(r)[id]);
    for (int64_t i = 0; i < ids.width(); ++i)
      mean += dGates.row(r)[i] * sigmoid(scores.row(r)[ids.row(r)[i]]) / sum;
    for (int64_t i = 0; i < ids.width(); ++i) {
      int32_t id = ids.row(r)[i];
      double g = sigmoid(scores.row(r)[id]);
      dScores.row(r)[id] += g * (1 - g) * (dGates.row(r)[i] - mean) / sum;
    }
  }
  frame.set(op.getDScores(), dScores);
  return success();
}

namespace {
/// One expert's matrices: rows `first` .. of the stacks [N, out, in].
struct Expert {
  const Floats &w1, &w3, &w2; // [N, f, h], [N, f, h], [N, h, f]
  int64_t id, f = w1.dim(1), h = w1.dim(2);

  /// W1 u and W3 u.
  void hidden(ArrayRef<double> u, std::vector<double> &a, std::vector<double> &b) const {
    for (int64_t i = 0; i < f; ++i) {
      a.push_back(dot(w1.row(id * f + i), u));
      b.push_back(dot(w3.row(id * f + i), u));
    }
  }
};
} // namespace

/// result = sum over chosen j of gate_j W2_j (silu(W1_j u) * (W3_j u))
static LogicalResult mixExperts(MixExpertsOp op, Frame &frame) {
  const Floats &u = frame.floats(op.getU()), &gates = frame.floats(op.getGates());
  const Floats &w1 = frame.floats(op.getW1()), &w3 = frame.floats(op.getW3()),
               &w2 = frame.floats(op.getW2());
  const Ints &ids = frame.ints(op.getIds());
  if (failed(checkIds(op, ids, w1.dim(0))))
    return failure();
  Floats result(shapeOf(op.getResult()));
  for (int64_t r = 0; r < u.rows(); ++r)
    for (int64_t j = 0; j < ids.width(); ++j) {
      Expert expert{w1, w3, w2, ids.row(r)[j]};
      std::vector<double> a, b;
      expert.hidden(u.row(r), a, b);
      for (int64_t i = 0; i < expert.f; ++i)
        a[i] = silu(a[i]) * b[i];
      for (int64_t o = 0; o < expert.h; ++o)
        result.row(r)[o] += gates.row(r)[j] * dot(w2.row(expert.id * expert.h + o), a);
      frame.countFlops(3 * 2 * expert.f * expert.h);
    }
  frame.set(op.getResult(), result);
  return success();
}

/// With a = W1 u, b = W3 u, y = silu(a) * b and e = W2^T dout: dgate = e . y, da and db are the
/// adjoint of y at gate e, du += W1^T da + W3^T db, gated = gate y.
static LogicalResult mixExpertsGrad(MixExpertsGradOp op, Frame &frame) {
  const Floats &u = frame.floats(op.getU()), &gates = frame.floats(op.getGates());
  const Floats &w1 = frame.floats(op.getW1()), &w3 = frame.floats(op.getW3()),
               &w2 = frame.floats(op.getW2()), &dOut = frame.floats(op.getDResult());
  const Ints &ids = frame.ints(op.getIds());
  if (failed(checkIds(op, ids, w1.dim(0))))
    return failure();
  Floats dU(u.shape()), dGates(gates.shape()), dA(shapeOf(op.getDA())), dB(dA.shape()),
      gated(dA.shape());
  for (int64_t r = 0; r < u.rows(); ++r)
    for (int64_t j = 0; j < ids.width(); ++j) {
      Expert expert{w1, w3, w2, ids.row(r)[j]};
      int64_t pair = r * ids.width() + j;
      double gate = gates.row(r)[j];
      std::vector<double> a, b, y, e(expert.f);
      expert.hidden(u.row(r), a, b);
      for (int64_t o = 0; o < expert.h; ++o)
        addScaled(e, dOut.row(r)[o], w2.row(expert.id * expert.h + o));
      for (int64_t i = 0; i < expert.f; ++i) {
        y.push_back(silu(a[i]) * b[i]);
        gated.row(pair)[i] = gate * y[i];
        dA.row(pair)[i] = gate * e[i] * siluSlope(a[i]) * b[i];
        dB.row(pair)[i] = gate * e[i] * silu(a[i]);
        addScaled(dU.row(r), dA.row(pair)[i], w1.row(expert.id * expert.f + i));
        addScaled(dU.row(r), dB.row(pair)[i], w3.row(expert.id * expert.f + i));
      }
      dGates.row(r)[j] = dot(e, y);
      frame.countFlops(5 * 2 * expert.f * expert.h);
    }
  frame.set(op.getDU(), dU);
  frame.set(op.getDGates(), dGates);
  frame.set(op.getDA(), dA);
  frame.set(op.getDB(), dB);
  frame.set(op.getGated(), gated);
  return success();
}

/// dweight[ids[r, j]] += left(r, j) right(r, j)^T for all choices.
static LogicalResult expertWeightGrad(ExpertWeightGradOp op, Frame &frame) {
  const Ints &ids = frame.ints(op.getIds());
  const Floats &right = frame.floats(op.getRight());
  // A factor has a row for each choice, or one for all of them.
  auto rowOf = [&](const Floats &factor, int64_t pair) {
    return factor.row(factor.shape().size() > ids.shape().size() ? pair : pair / ids.width());
  };
  int64_t experts = op.getExperts();
  for (auto [i, operand, result] : llvm::enumerate(op.getLefts(), op.getDWeights())) {
    const Floats &left = frame.floats(operand);
    Floats dWeight = startOfSum(op, frame, i, result);
    for (int64_t pair = 0; pair < ids.size(); ++pair) {
      int64_t expert = ids.data()[pair];
      if (failed(checkRange(op, "expert id", ids, pair, std::numeric_limits<int32_t>::min(),
                            experts - 1)))
        return failure();
      // What is counted is what shapes say.
      frame.countFlops(2 * left.width() * right.width());
      if (expert < 0)
        continue;
      for (int64_t o = 0; o < left.width(); ++o)
        addScaled(dWeight.row(expert * left.width() + o), rowOf(left, pair)[o], rowOf(right, pair));
    }
    frame.set(result, dWeight);
  }
  return success();
}

void reference::attachExpertModels(MLIRContext &context) {
  attach<topK, replay, gates, gatesGrad, mixExperts, mixExpertsGrad, expertWeightGrad>(context);
}

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

/// product(r, j) = W u(r) with the matrix W [f, h] of expert ids(r, j) in each of the weights.
static LogicalResult expertLinear(ExpertLinearOp op, Frame &frame) {
  const Floats &u = frame.floats(op.getU());
  const Ints &ids = frame.ints(op.getIds());
  for (auto [operand, result] : llvm::zip_equal(op.getWeights(), op.getProducts())) {
    const Floats &weight = frame.floats(operand);
    if (failed(checkIds(op, ids, weight.dim(0))))
      return failure();
    Floats product(shapeOf(result));
    int64_t f = weight.dim(1);
    for (int64_t pair = 0; pair < ids.size(); ++pair)
      for (int64_t i = 0; i < f; ++i)
        product.row(pair)[i] = dot(weight.row(ids.data()[pair] * f + i), u.row(pair / ids.width()));
    frame.countFlops(2 * product.size() * u.width());
    frame.set(result, product);
  }
  return success();
}

/// du(r) = sum over j and the weights of W^T d(r, j)
static LogicalResult expertLinearGrad(ExpertLinearGradOp op, Frame &frame) {
  const Ints &ids = frame.ints(op.getIds());
  Floats dU(shapeOf(op.getDU()));
  for (auto [operand, cotangent] : llvm::zip_equal(op.getWeights(), op.getDProducts())) {
    const Floats &weight = frame.floats(operand), &d = frame.floats(cotangent);
    if (failed(checkIds(op, ids, weight.dim(0))))
      return failure();
    int64_t f = weight.dim(1);
    for (int64_t pair = 0; pair < ids.size(); ++pair)
      for (int64_t i = 0; i < f; ++i)
        addScaled(dU.row(pair / ids.width()), d.row(pair)[i], weight.row(ids.data()[pair] * f + i));
    frame.countFlops(2 * d.size() * dU.width());
  }
  frame.set(op.getDU(), dU);
  return success();
}

/// result(r) = sum over chosen j of gate_j W2_j (silu(a_j) * b_j)
static LogicalResult mixExperts(MixExpertsOp op, Frame &frame) {
  const Floats &a = frame.floats(op.getA()), &b = frame.floats(op.getB());
  const Floats &gates = frame.floats(op.getGates()), &w2 = frame.floats(op.getW2());
  const Ints &ids = frame.ints(op.getIds());
  if (failed(checkIds(op, ids, w2.dim(0))))
    return failure();
  Floats result(shapeOf(op.getResult()));
  int64_t h = w2.dim(1), f = w2.dim(2);
  for (int64_t pair = 0; pair < ids.size(); ++pair) {
    std::vector<double> y(f);
    for (int64_t i = 0; i < f; ++i)
      y[i] = silu(a.row(pair)[i]) * b.row(pair)[i];
    for (int64_t o = 0; o < h; ++o)
      result.row(pair / ids.width())[o] +=
          gates.data()[pair] * dot(w2.row(ids.data()[pair] * h + o), y);
  }
  frame.countFlops(2 * a.size() * h);
  frame.set(op.getResult(), result);
  return success();
}

/// With y = silu(a) * b and e = W2^T dout: dgate = e . y, da and db are the adjoint of y at gate e,
/// gated = gate y.
static LogicalResult mixExpertsGrad(MixExpertsGradOp op, Frame &frame) {
  const Floats &a = frame.floats(op.getA()), &b = frame.floats(op.getB());
  const Floats &gates = frame.floats(op.getGates()), &w2 = frame.floats(op.getW2());
  const Floats &dOut = frame.floats(op.getDResult());
  const Ints &ids = frame.ints(op.getIds());
  if (failed(checkIds(op, ids, w2.dim(0))))
    return failure();
  Floats dGates(gates.shape()), dA(a.shape()), dB(a.shape()), gated(a.shape());
  int64_t h = w2.dim(1), f = w2.dim(2);
  for (int64_t pair = 0; pair < ids.size(); ++pair) {
    double gate = gates.data()[pair];
    std::vector<double> y(f), e(f);
    for (int64_t o = 0; o < h; ++o)
      addScaled(e, dOut.row(pair / ids.width())[o], w2.row(ids.data()[pair] * h + o));
    for (int64_t i = 0; i < f; ++i) {
      double x = a.row(pair)[i], scale = b.row(pair)[i];
      y[i] = silu(x) * scale;
      gated.row(pair)[i] = gate * y[i];
      dA.row(pair)[i] = gate * e[i] * siluSlope(x) * scale;
      dB.row(pair)[i] = gate * e[i] * silu(x);
    }
    dGates.row(pair / ids.width())[pair % ids.width()] = dot(e, y);
  }
  frame.countFlops(2 * a.size() * h);
  frame.set(op.getDA(), dA);
  frame.set(op.getDB(), dB);
  frame.set(op.getDGates(), dGates);
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
  attach<topK, replay, gates, gatesGrad, expertLinear, expertLinearGrad, mixExperts, mixExpertsGrad,
         expertWeightGrad>(context);
}

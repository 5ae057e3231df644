// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The smallest thing that learns: a table of logits for the token after each token, trained with
// AdamW. Drives the training loop without a package.

#ifndef DREAMER_TEST_UNIT_RUNTIMETRAIN_BIGRAM_H
#define DREAMER_TEST_UNIT_RUNTIMETRAIN_BIGRAM_H

#include "runtime/train/Learner.h"

#include <cmath>
#include <functional>

namespace dreamer::train {

class Bigram final : public Learner {
public:
  Bigram(int64_t batch, int64_t context, int64_t vocabulary = 260)
      : theShape{batch, context, vocabulary, {}}, table(make()), moment1(make()), moment2(make()),
        logits(static_cast<size_t>(batch * context * vocabulary)),
        tokenLoss(static_cast<size_t>(batch * context)) {}

  /// Called before each step; may spoil the outcome.
  std::function<void(int64_t step, StepOutcome &outcome)> tamper;

  const ModelShape &shape() const override { return theShape; }

  Result<ScoreOutcome> score(const Batch &batch) override {
    double sum = 0.0;
    forEachTarget(batch, [&](size_t place, std::span<const double> probabilities, size_t target) {
      tokenLoss[place] = static_cast<float>(-std::log(probabilities[target]));
      sum += -std::log(probabilities[target]);
    });
    return ScoreOutcome{sum / std::max<double>(1, static_cast<double>(batch.countTargets())),
                        logits, tokenLoss};
  }

  Result<StepOutcome> trainStep(const Batch &batch, int64_t step, double rate) override {
    StepOutcome outcome;
    double count = std::max<double>(1, static_cast<double>(batch.countTargets()));
    std::vector<double> gradient(static_cast<size_t>(table.elements()));
    auto width = static_cast<size_t>(theShape.vocabulary);
    forEachTarget(batch, [&](size_t place, std::span<const double> probabilities, size_t target) {
      outcome.loss -= std::log(probabilities[target]) / count;
      double *row = gradient.data() + static_cast<size_t>(batch.tokens[place]) * width;
      for (size_t v = 0; v < width; ++v)
        row[v] += (probabilities[v] - (v == target ? 1.0 : 0.0)) / count;
    });
    for (double g : gradient)
      outcome.norm += g * g;
    outcome.norm = std::sqrt(outcome.norm);
    if (tamper)
      tamper(step, outcome);
    outcome.skipped = !std::isfinite(outcome.norm);
    outcome.loads = {{"toy", 1, 2, {3, 1}}};
    if (!outcome.skipped)
      update(gradient, step, rate);
    return outcome;
  }

  Result<runtime::Bundle> state(bool withMoments) override {
    runtime::Bundle bundle;
    DREAMER_RETURN_IF_FAILED(bundle.add("table", table));
    if (withMoments) {
      DREAMER_RETURN_IF_FAILED(bundle.add("moment1.table", moment1));
      DREAMER_RETURN_IF_FAILED(bundle.add("moment2.table", moment2));
    }
    return bundle;
  }

  Status load(const runtime::Bundle &state, bool withMoments) override {
    DREAMER_RETURN_IF_FAILED(state.find("table")->copyTo(table, "table"));
    if (!withMoments)
      return {};
    DREAMER_RETURN_IF_FAILED(state.find("moment1.table")->copyTo(moment1, "moment1"));
    return state.find("moment2.table")->copyTo(moment2, "moment2");
  }

  Status setDepth(const std::string &block, int64_t depth) override { return {}; }

  float *weights() { return table.asMutable<float>(); }

private:
  runtime::Tensor make() const {
    return *runtime::Tensor::allocate(runtime::DType::F32,
                                      {theShape.vocabulary, theShape.vocabulary});
  }

  template <typename Visit>
  void forEachTarget(const Batch &batch, Visit visit) {
    auto width = static_cast<size_t>(theShape.vocabulary);
    std::vector<double> probabilities(width);
    std::fill(tokenLoss.begin(), tokenLoss.end(), 0.0f);
    for (size_t place = 0; place < batch.tokens.size(); ++place) {
      const float *row = table.as<float>() + static_cast<size_t>(batch.tokens[place]) * width;
      std::copy(row, row + width, logits.begin() + static_cast<ptrdiff_t>(place * width));
      if (batch.targets[place] < 0)
        continue;
      double sum = 0.0;
      for (size_t v = 0; v < width; ++v)
        sum += probabilities[v] = std::exp(static_cast<double>(row[v]));
      for (double &p : probabilities)
        p /= sum;
      visit(place, std::span<const double>(probabilities),
            static_cast<size_t>(batch.targets[place]));
    }
  }

  void update(const std::vector<double> &gradient, int64_t step, double rate) {
    auto *p = table.asMutable<float>(), *m = moment1.asMutable<float>(),
         *v = moment2.asMutable<float>();
    auto t = static_cast<double>(step);
    for (size_t i = 0; i < gradient.size(); ++i) {
      m[i] = static_cast<float>(0.9 * m[i] + 0.1 * gradient[i]);
      v[i] = static_cast<float>(0.95 * v[i] + 0.05 * gradient[i] * gradient[i]);
      double mean = m[i] / (1.0 - std::pow(0.9, t)), square = v[i] / (1.0 - std::pow(0.95, t));
      p[i] -= static_cast<float>(rate * mean / (std::sqrt(square) + 1e-8));
    }
  }

  ModelShape theShape;
  runtime::Tensor table, moment1, moment2; ///< [V,V]
  std::vector<float> logits;               ///< [B,T,V]
  std::vector<float> tokenLoss;            ///< [B,T]
};

} // namespace dreamer::train

#endif // DREAMER_TEST_UNIT_RUNTIMETRAIN_BIGRAM_H

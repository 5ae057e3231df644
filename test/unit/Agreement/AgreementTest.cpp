// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a package computes is what the interpreter says, for models of every shape that a
// description allows, with weights as initialised and as trained for some steps.

#include "CompiledModel.h"
#include "RandomDescription.h"
#include "test/unit/Support/TestSupport.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::testing;
using reference::Bundle;
using reference::Floats;
using reference::Ints;

namespace {

/// ||out - ref|| / ||ref|| allowed.
struct Bounds {
  double logits;
  double gradients;
};
constexpr Bounds f32Bounds = {1e-5, 1e-4};
constexpr Bounds bf16Bounds = {2e-2, 5e-2};
/// A gradient smaller than this share of all gradients' norm is zero by construction.
constexpr double zeroShare = 1e-6;
/// A bf16 package may be this much further from the exact reference than rounding operands of operations is: within
/// attention and mixtures it rounds what is multiplied, too.
constexpr double roundingSlack = 1.5;
/// Ranked scores closer than this may swap in f32.
constexpr double rankingNoise = 1e-4;

bool isIds(llvm::StringRef name) { return name.ends_with(".expert_ids"); }

/// Adds the experts that `results` chose to what an entry is given.
void replay(const Bundle &results, Bundle &inputs) {
  for (const auto &[name, tensor] : results)
    if (isIds(name))
      inputs[name] = tensor;
}

double distance(const reference::Tensor &out, const reference::Tensor &expected) {
  return dreamer::test::relativeError(std::get<Floats>(out), std::get<Floats>(expected));
}

void expectScoreAgrees(CompiledModel &model, const Bounds &bounds, uint64_t seed) {
  Bundle inputs = model.randomBatch(seed);
  Bundle expected = model.interpret("score", inputs);
  replay(expected, inputs);
  Bundle found = model.run("score", inputs);
  EXPECT_LE(distance(found["logits"], expected["logits"]), bounds.logits);
  EXPECT_LE(distance(found["loss"], expected["loss"]), bounds.logits);
  EXPECT_LE(distance(found["token_loss"], expected["token_loss"]), bounds.logits);
  for (const auto &[name, ids] : expected)
    if (isIds(name))
      EXPECT_EQ(std::get<Ints>(found[name]).data(), std::get<Ints>(ids).data()) << name;
}

void expectGradientsAgree(CompiledModel &model, const Bounds &bounds, uint64_t seed) {
  Bundle inputs = model.randomBatch(seed);
  Bundle expected = model.interpret("gradients", inputs);
  replay(expected, inputs);
  Bundle found = model.run("gradients", inputs), rounded;
  if (model.isBF16())
    rounded = model.interpretRounded("gradients", inputs);
  double all = dreamer::test::normOfGradients(expected);
  for (const auto &[name, tensor] : expected) {
    if (!llvm::StringRef(name).starts_with("grad."))
      continue;
    ASSERT_TRUE(found.contains(name)) << name;
    if (dreamer::test::norm(std::get<Floats>(tensor)) < zeroShare * all) {
      EXPECT_LT(dreamer::test::norm(std::get<Floats>(found[name])), 2 * zeroShare * all) << name;
      continue;
    }
    // Where rounding operands, and nothing else, already takes the exact reference further than the
    // bound (small differences of large terms), a package may be as far as that.
    double bound = bounds.gradients;
    if (model.isBF16()) {
      EXPECT_LE(distance(found[name], rounded[name]), bounds.gradients) << name << ", rounded";
      bound = std::max(bound, roundingSlack * distance(rounded[name], tensor));
    }
    EXPECT_LE(distance(found[name], tensor), bound) << name;
  }
}

/// Decoding the tokens one by one gives the logits of prefill at each length.
void expectDecodeEqualsPrefill(CompiledModel &model, double bound, uint64_t seed) {
  Bundle batch = model.randomBatch(seed);
  Bundle inputs = {{"tokens", batch["tokens"]},
                   {"lengths", Ints({model.batch()}, static_cast<int32_t>(model.context()))}};
  Bundle prefilled = model.run("prefill", inputs);
  const Ints &tokens = std::get<Ints>(batch["tokens"]);
  Bundle step;
  for (const auto &[name, tensor] : prefilled)
    if (llvm::StringRef(name).contains(".cache."))
      step[name] = Floats(reference::shapeOf(tensor));
  for (int64_t t = 0; t < model.context(); ++t) {
    Ints token({model.batch()});
    for (int64_t b = 0; b < model.batch(); ++b)
      token(b) = tokens(b, t);
    step["token"] = token;
    step["position"] = Ints({model.batch()}, static_cast<int32_t>(t));
    for (const auto &[name, ids] : prefilled)
      if (isIds(name)) {
        const Ints &all = std::get<Ints>(ids); // [D, B, T, k]
        Ints ofStep({all.dim(0), all.dim(1), all.dim(3)});
        for (int64_t d = 0; d < all.dim(0); ++d)
          for (int64_t b = 0; b < all.dim(1); ++b)
            for (int64_t k = 0; k < all.dim(3); ++k)
              ofStep(d, b, k) = all(d, b, t, k);
        step[name] = ofStep;
      }
    Bundle decoded = model.run("decode", step);
    Bundle shorter = inputs;
    shorter["lengths"] = Ints({model.batch()}, static_cast<int32_t>(t + 1));
    replay(prefilled, shorter);
    Bundle expected = model.run("prefill", shorter);
    EXPECT_LE(distance(decoded["logits"], expected["logits"]), bound) << "position " << t;
    for (const auto &[name, tensor] : decoded)
      if (llvm::StringRef(name).contains(".cache."))
        step[name] = tensor;
  }
}

double ranked(const std::string &rank, double score, double bias) {
  return (rank == "sigmoid" ? 1 / (1 + std::exp(-score)) : score) + bias;
}

/// The distance between the last chosen and the first refused of ranked scores.
double margin(std::vector<double> values, int64_t k) {
  std::sort(values.rbegin(), values.rend());
  return k < static_cast<int64_t>(values.size()) ? values[k - 1] - values[k] : HUGE_VAL;
}

/// Routed freely, ids differ only where the margin is below the noise; after the first depth at
/// which those of a sequence differ, that sequence is on another way. The ids of untied layers
/// are results of their own, though one loop ranks them all.
void expectFreeRoutingAgrees(CompiledModel &model, uint64_t seed) {
  std::vector<std::string> ranks = model.exposeRankedScores();
  Bundle inputs = model.randomBatch(seed);
  Bundle expected = model.interpret("score", inputs), found = model.run("score", inputs);
  size_t n = 0;      // the choice
  int64_t first = 0; // the first of its depths that the result holds
  std::vector<bool> diverged(model.batch());
  for (const auto &[name, tensor] : expected) {
    if (!isIds(name))
      continue;
    ASSERT_LT(n, ranks.size());
    std::string index = std::to_string(n);
    const Ints &ids = std::get<Ints>(tensor), &other = std::get<Ints>(found[name]);
    const Floats &scores = std::get<Floats>(expected["scores." + index]);
    const Floats &bias = std::get<Floats>(expected["bias." + index]);
    int64_t k = ids.dim(3), experts = scores.dim(3);
    for (int64_t d = 0; d < ids.dim(0); ++d)
      for (int64_t b = 0; b < ids.dim(1); ++b) {
        bool differs = false;
        for (int64_t t = 0; t < ids.dim(2) && !diverged[b]; ++t) {
          std::set<int32_t> a, c;
          for (int64_t i = 0; i < k; ++i) {
            a.insert(ids(d, b, t, i));
            c.insert(other(d, b, t, i));
          }
          if (a == c)
            continue;
          differs = true;
          std::vector<double> values;
          for (int64_t j = 0; j < experts; ++j)
            values.push_back(ranked(ranks[n], scores(first + d, b, t, j), bias(first + d, j)));
          EXPECT_LT(margin(values, k), rankingNoise) << name << " at depth " << d;
        }
        diverged[b] = diverged[b] || differs;
      }
    first += ids.dim(0);
    if (first == scores.dim(0)) {
      ++n;
      first = 0;
    }
  }
  EXPECT_EQ(n, ranks.size());
}

class Agreement : public ::testing::TestWithParam<NamedDescription> {};

TEST_P(Agreement, WithTheInterpreter) {
  ModelOptions options;
  options.entries.push_back("train_step");
  auto model = CompiledModel::create(GetParam().yaml, options);
  ASSERT_TRUE(model);
  model->initialize(1);
  for (bool trained : {false, true}) {
    SCOPED_TRACE(trained ? "after 50 steps" : "as initialised");
    if (trained)
      model->train(50, 100);
    expectScoreAgrees(*model, f32Bounds, 2);
    expectGradientsAgree(*model, f32Bounds, 3);
    expectDecodeEqualsPrefill(*model, f32Bounds.logits, 4);
  }
  expectFreeRoutingAgrees(*model, 5);
}

TEST_P(Agreement, WithTheInterpreterInBFloat16) {
  ModelOptions options;
  options.bf16 = true;
  options.entries = {"score", "gradients", "train_step"};
  auto model = CompiledModel::create(GetParam().yaml, options);
  ASSERT_TRUE(model);
  model->initialize(6);
  for (bool trained : {false, true}) {
    SCOPED_TRACE(trained ? "after 50 steps" : "as initialised");
    if (trained)
      model->train(50, 100);
    expectScoreAgrees(*model, bf16Bounds, 7);
    expectGradientsAgree(*model, bf16Bounds, 8);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Agreement, ::testing::ValuesIn(describedAndRandom(1, 8)),
                         [](const auto &info) { return info.param.name; });

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The whole way from descriptions to training steps, interpreted, against the vectors that
// an independent implementation made (test/vectors): 1e-9 of each tensor's norm.

#include "test/unit/Support/Vectors.h"
#include "test/unit/Support/TestSupport.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;

namespace {
constexpr double tolerance = 1e-9;
constexpr double pi = 3.14159265358979323846;

/// The learning rate of step t = 1, 2, ... of `steps`, in f64.
double rateOf(const Training &training, int64_t t, int64_t steps) {
  int64_t warmup = training.warmupSteps;
  if (t <= warmup)
    return training.learningRate * t / warmup;
  double done = std::min(1.0, double(t - warmup) / std::max<int64_t>(1, steps - warmup));
  double m = training.minRate;
  return training.learningRate * (m + (1 - m) / 2 * (1 + std::cos(pi * done)));
}

class VectorsTest : public ::testing::TestWithParam<const char *> {
protected:
  /// What an entry point over tokens and targets takes: parameters and a batch.
  Bundle arguments() {
    Bundle arguments = vectors.batch();
    for (auto &[name, tensor] : vectors.parameters)
      arguments[name] = tensor;
    return arguments;
  }

  /// Expects a tensor of the vectors; a [1] of theirs stands for a scalar.
  void expectClose(const Tensor &found, const std::string &name) {
    Floats reference = vectors.expectedFloats(name);
    const Floats &out = std::get<Floats>(found);
    if (out.shape().empty() && reference.size() == 1)
      reference = Floats::scalar(reference(0));
    EXPECT_LT(relativeError(out, reference), tolerance) << name;
  }

  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  Vectors vectors = Vectors::read(GetParam());
  InterpretedVectors model = InterpretedVectors(*context, vectors);
};

/// Ids with each row sorted: their order carries no meaning.
std::string sortedRows(Ints ids) {
  for (int64_t r = 0; r < ids.rows(); ++r)
    llvm::sort(ids.row(r));
  return toString(ids);
}

TEST_P(VectorsTest, Score) {
  Bundle results = run(model.module(), "score", arguments());
  expectClose(results["loss"], "loss");
  expectClose(results["logits"], "logits");
  for (auto &[name, tensor] : vectors.expertIds())
    EXPECT_EQ(sortedRows(std::get<Ints>(results[name])), sortedRows(std::get<Ints>(tensor)))
        << name;
}

TEST_P(VectorsTest, ScoreAtDepth) {
  for (auto &[name, tensor] : vectors.expected) {
    llvm::StringRef block = name;
    if (!block.consume_front("logits at depth ") || !block.consume_back("=2"))
      continue;
    Bundle shallow = arguments();
    shallow[(block + ".depth").str()] = Ints::scalar(2);
    expectClose(run(model.module(), "score", shallow)["logits"], name);
  }
}

TEST_P(VectorsTest, Gradients) {
  Bundle results = run(model.module(), "gradients", arguments());
  expectClose(results["loss"], "loss");
  int64_t gradients = 0;
  for (auto &[name, tensor] : vectors.expected)
    if (llvm::StringRef(name).starts_with("grad.")) {
      ASSERT_TRUE(results.contains(name)) << name;
      expectClose(results[name], name);
      ++gradients;
    }
  EXPECT_GT(gradients, 0);
}

/// With the experts frozen, one random direction a parameter.
TEST_P(VectorsTest, GradientsMatchCentralDifferences) {
  Bundle frozen = arguments();
  for (auto &[name, tensor] : vectors.expertIds())
    frozen[name] = tensor;
  Bundle results = run(model.module(), "gradients", frozen);
  uint32_t seed = 0;
  for (auto &[name, tensor] : results) {
    llvm::StringRef parameter = name;
    if (!parameter.consume_front("grad."))
      continue;
    const Floats &at = std::get<Floats>(frozen[parameter.str()]);
    Floats direction = randomFloats(at.shape(), ++seed);
    auto loss = [&](const Floats &x) {
      Bundle moved = frozen;
      moved[parameter.str()] = x;
      return std::get<Floats>(run(model.module(), "score", moved)["loss"])();
    };
    double slope = contract({{"", tensor}}, {{"", direction}});
    EXPECT_NEAR(slope, differentiateAlong(loss, at, direction),
                1e-6 * norm(std::get<Floats>(tensor)) * norm(direction))
        << name;
  }
}

TEST_P(VectorsTest, ThreeTrainingSteps) {
  Bundle state = model.withZeros("train_step", "moment", vectors.parameters);
  Floats byStep({3, 3});
  for (int32_t t = 1; t <= 3; ++t) {
    double rate = byStep(t - 1, 2) = rateOf(model.description().training, t, 3);
    Bundle results = model.trainStep(vectors.batch("." + std::to_string(t)), t, rate, state);
    byStep(t - 1, 0) = std::get<Floats>(results["loss"])();
    byStep(t - 1, 1) = std::get<Floats>(results["norm"])();
    EXPECT_EQ(std::get<Ints>(results["skipped"])(), 0);
  }
  expectClose(byStep, "loss, norm, rate by step");
  for (auto &[name, tensor] : vectors.parameters)
    expectClose(state[name], "after 3 steps." + name);
}

/// Decoding the tokens one by one gives the logits of the whole sequence.
TEST_P(VectorsTest, DecodeEqualsScore) {
  Floats logits = std::get<Floats>(run(model.module(), "score", arguments())["logits"]);
  const Ints &tokens = std::get<Ints>(vectors.inputs["tokens"]);
  Bundle state = model.withZeros("decode", ".cache.", vectors.parameters);
  for (int64_t t = 0; t < tokens.dim(1); ++t) {
    Bundle arguments = state;
    arguments["token"] = Ints({2}, {tokens(0, t), tokens(1, t)});
    arguments["position"] = Ints({2}, int32_t(t));
    Bundle results = run(model.module(), "decode", arguments);
    Floats ofStep({2, logits.width()});
    for (int64_t b = 0; b < 2; ++b)
      llvm::copy(logits.row(b * tokens.dim(1) + t), ofStep.row(b).begin());
    EXPECT_LT(relativeError(std::get<Floats>(results["logits"]), ofStep), tolerance) << t;
    applyUpdates(model.function("decode"), results, state);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, VectorsTest,
                         ::testing::Values("plain", "layered", "dreamer", "sequential", "group"),
                         [](const auto &info) { return std::string(info.param); });
} // namespace

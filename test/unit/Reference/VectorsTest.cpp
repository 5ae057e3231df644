// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The whole way from descriptions to training steps, interpreted, against the vectors that
// an independent implementation made (test/vectors): 1e-9 of each tensor's norm.

#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "lib/Reference/Files.h"
#include "mlir/Pass/PassManager.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "test/unit/Support/TestSupport.h"
#include "llvm/Support/MemoryBuffer.h"
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
  void SetUp() override {
    std::string path = std::string("../../vectors/") + GetParam();
    parameters = read(path + ".params.safetensors");
    inputs = read(path + ".inputs.safetensors");
    expected = read(path + ".expected.safetensors");
    auto text = llvm::MemoryBuffer::getFile(path + ".yaml");
    ASSERT_TRUE(bool(text));
    auto parsed = parseDescription((*text)->getBuffer(), path, context.get());
    ASSERT_TRUE(succeeded(parsed));
    description = *parsed;
    module = buildModel(context.get(), description, {.batch = 2});
    ASSERT_TRUE(module);
    mlir::PassManager passes(context.get());
    passes.addPass(createBuildEntryPoints());
    ASSERT_TRUE(succeeded(passes.run(*module)));
  }

  static Bundle read(const std::string &path) {
    llvm::Expected<Bundle> bundle = readTensors(path);
    if (bundle)
      return *bundle;
    ADD_FAILURE() << llvm::toString(bundle.takeError());
    return {};
  }

  /// What an entry point over tokens and targets takes: parameters and the given batch
  /// ("" is the first one, ".1" and so on those of the training steps).
  Bundle arguments(const std::string &batch = "") {
    Bundle arguments = parameters;
    arguments["tokens"] = inputs["tokens" + batch];
    arguments["targets"] = inputs["targets" + batch];
    return arguments;
  }

  mlir::func::FuncOp function(llvm::StringRef name) {
    return module->lookupSymbol<mlir::func::FuncOp>(name);
  }

  /// Expects a tensor of the vectors; a [1] of theirs stands for a scalar.
  void expectClose(const Tensor &found, const std::string &name) {
    Floats reference = std::get<Floats>(expected[name]);
    const Floats &out = std::get<Floats>(found);
    if (out.shape().empty() && reference.size() == 1)
      reference = Floats::scalar(reference(0));
    EXPECT_LT(relativeError(out, reference), tolerance) << name;
  }

  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  Description description;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Bundle parameters, inputs, expected;
};

/// Ids with each row sorted: their order carries no meaning.
std::string sortedRows(Ints ids) {
  for (int64_t r = 0; r < ids.rows(); ++r)
    llvm::sort(ids.row(r));
  return toString(ids);
}

TEST_P(VectorsTest, Score) {
  Bundle results = run(*module, "score", arguments());
  expectClose(results["loss"], "loss");
  expectClose(results["logits"], "logits");
  for (auto &[name, tensor] : expected)
    if (llvm::StringRef(name).ends_with(".expert_ids"))
      EXPECT_EQ(sortedRows(std::get<Ints>(results[name])), sortedRows(std::get<Ints>(tensor)))
          << name;
}

TEST_P(VectorsTest, ScoreAtDepth) {
  for (auto &[name, tensor] : expected) {
    llvm::StringRef block = name;
    if (!block.consume_front("logits at depth ") || !block.consume_back("=2"))
      continue;
    Bundle shallow = arguments();
    shallow[(block + ".depth").str()] = Ints::scalar(2);
    expectClose(run(*module, "score", shallow)["logits"], name);
  }
}

TEST_P(VectorsTest, Gradients) {
  Bundle results = run(*module, "gradients", arguments());
  expectClose(results["loss"], "loss");
  int64_t gradients = 0;
  for (auto &[name, tensor] : expected)
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
  for (auto &[name, tensor] : run(*module, "score", arguments()))
    if (llvm::StringRef(name).ends_with(".expert_ids"))
      frozen[name] = tensor;
  Bundle results = run(*module, "gradients", frozen);
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
      return std::get<Floats>(run(*module, "score", moved)["loss"])();
    };
    double slope = contract({{"", tensor}}, {{"", direction}});
    EXPECT_NEAR(slope, differentiateAlong(loss, at, direction),
                1e-6 * norm(std::get<Floats>(tensor)) * norm(direction))
        << name;
  }
}

TEST_P(VectorsTest, ThreeTrainingSteps) {
  Bundle state = parameters;
  mlir::func::FuncOp step = function("train_step");
  for (unsigned i = 0; i < step.getNumArguments(); ++i)
    if (std::string name = nameOfArgument(step, i); llvm::StringRef(name).starts_with("moment"))
      state[name] = filled(step.getArgumentTypes()[i], 0, 0);
  Floats byStep({3, 3});
  for (int64_t t = 1; t <= 3; ++t) {
    std::string batch = "." + std::to_string(t);
    Bundle arguments = state;
    arguments["tokens"] = inputs["tokens" + batch];
    arguments["targets"] = inputs["targets" + batch];
    arguments["step"] = Ints::scalar(t);
    double rate = byStep(t - 1, 2) = rateOf(description.training, t, 3);
    arguments["rate"] = Floats::scalar(rate);
    Bundle results = run(*module, "train_step", arguments);
    byStep(t - 1, 0) = std::get<Floats>(results["loss"])();
    byStep(t - 1, 1) = std::get<Floats>(results["norm"])();
    EXPECT_EQ(std::get<Ints>(results["skipped"])(), 0);
    applyUpdates(step, results, state);
  }
  expectClose(byStep, "loss, norm, rate by step");
  for (auto &[name, tensor] : parameters)
    expectClose(state[name], "after 3 steps." + name);
}

/// Decoding the tokens one by one gives the logits of the whole sequence.
TEST_P(VectorsTest, DecodeEqualsScore) {
  Floats logits = std::get<Floats>(run(*module, "score", arguments())["logits"]);
  const Ints &tokens = std::get<Ints>(inputs["tokens"]);
  Bundle state = parameters;
  mlir::func::FuncOp decode = function("decode");
  for (unsigned i = 0; i < decode.getNumArguments(); ++i)
    if (std::string name = nameOfArgument(decode, i); name.find(".cache.") != std::string::npos)
      state[name] = filled(decode.getArgumentTypes()[i], 0, 0);
  for (int64_t t = 0; t < tokens.dim(1); ++t) {
    Bundle arguments = state;
    arguments["token"] = Ints({2}, {tokens(0, t), tokens(1, t)});
    arguments["position"] = Ints({2}, int32_t(t));
    Bundle results = run(*module, "decode", arguments);
    Floats ofStep({2, logits.width()});
    for (int64_t b = 0; b < 2; ++b)
      llvm::copy(logits.row(b * tokens.dim(1) + t), ofStep.row(b).begin());
    EXPECT_LT(relativeError(std::get<Floats>(results["logits"]), ofStep), tolerance) << t;
    applyUpdates(decode, results, state);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, VectorsTest,
                         ::testing::Values("plain", "layered", "dreamer", "sequential", "group"),
                         [](const auto &info) { return std::string(info.param); });
} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packages against the vectors of an independent implementation (test/vectors), experts replayed:
// logits, loss, gradients, and three training steps.

#include "CompiledModel.h"
#include "lib/Reference/Files.h"
#include "test/unit/Support/TestSupport.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::testing;
using dreamer::test::norm;
using dreamer::test::relativeError;
using reference::Bundle;
using reference::Floats;
using reference::Ints;

namespace {

/// Of each parameter's change over three steps.
constexpr double changeBound = 1e-4;
/// What storing a parameter in f32 after each of three steps may move it, relative to itself.
constexpr double storageRounding = 3 * 0x1p-24;
/// Where a gradient is close to AdamW's eps, its update is a quotient of two rounding errors.
constexpr double smallGradientSlack = 5;

class CompiledVectors : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    std::string path = std::string("../../vectors/") + GetParam();
    parameters = read(path + ".params.safetensors");
    inputs = read(path + ".inputs.safetensors");
    expected = read(path + ".expected.safetensors");
    auto text = llvm::MemoryBuffer::getFile(path + ".yaml");
    ASSERT_TRUE(bool(text));
    ModelOptions options;
    options.entries = {"score", "gradients", "train_step"};
    model = CompiledModel::create((*text)->getBuffer().str(), options);
    ASSERT_TRUE(model);
    for (const auto &[name, tensor] : parameters) {
      auto view = model->session().parameter(name);
      ASSERT_TRUE(view.ok()) << name;
      const std::vector<double> &values = std::get<Floats>(tensor).data();
      std::copy(values.begin(), values.end(), view->asMutable<float>());
    }
  }

  static Bundle read(const std::string &path) {
    llvm::Expected<Bundle> bundle = reference::readTensors(path);
    if (bundle)
      return *bundle;
    ADD_FAILURE() << llvm::toString(bundle.takeError());
    return {};
  }

  /// The given batch ("" is the first one), with the experts of the first one if asked.
  Bundle batch(const std::string &which, bool replayed) {
    Bundle arguments = {{"tokens", inputs["tokens" + which]},
                        {"targets", inputs["targets" + which]}};
    if (replayed)
      for (const auto &[name, tensor] : expected)
        if (llvm::StringRef(name).ends_with(".expert_ids"))
          arguments[name] = tensor;
    return arguments;
  }

  const Floats &floats(const std::string &name) { return std::get<Floats>(expected[name]); }

  Bundle parameters, inputs, expected;
  std::unique_ptr<CompiledModel> model;
};

TEST_P(CompiledVectors, LogitsLossAndGradients) {
  Bundle scored = model->run("score", batch("", true));
  EXPECT_LE(relativeError(std::get<Floats>(scored["logits"]), floats("logits")), 1e-5);
  EXPECT_NEAR(std::get<Floats>(scored["loss"])(), floats("loss")(0), 1e-5 * floats("loss")(0));
  Bundle gradients = model->run("gradients", batch("", true));
  int64_t count = 0;
  for (const auto &[name, tensor] : expected)
    if (llvm::StringRef(name).starts_with("grad.")) {
      ASSERT_TRUE(gradients.contains(name)) << name;
      EXPECT_LE(relativeError(std::get<Floats>(gradients[name]), std::get<Floats>(tensor)), 1e-4)
          << name;
      ++count;
    }
  EXPECT_GT(count, 0);
}

TEST_P(CompiledVectors, ThreeTrainingSteps) {
  const Floats &byStep = floats("loss, norm, rate by step");
  for (int32_t step = 1; step <= 3; ++step) {
    Bundle arguments = batch("." + std::to_string(step), false);
    arguments["step"] = Ints::scalar(step);
    arguments["rate"] = Floats::scalar(byStep(step - 1, 2));
    Bundle results = model->run("train_step", arguments);
    EXPECT_NEAR(std::get<Floats>(results["loss"])(), byStep(step - 1, 0),
                1e-5 * byStep(step - 1, 0));
    EXPECT_NEAR(std::get<Floats>(results["norm"])(), byStep(step - 1, 1),
                1e-4 * byStep(step - 1, 1));
  }
  Bundle after = model->withParameters({});
  for (const auto &[name, before] : parameters) {
    const Floats &reference = floats("after 3 steps." + name);
    const Floats &found = std::get<Floats>(after[name]);
    Floats change = reference, error = reference;
    for (int64_t i = 0; i < reference.size(); ++i) {
      change.data()[i] -= std::get<Floats>(before).data()[i];
      error.data()[i] -= found.data()[i];
    }
    double allowed =
        smallGradientSlack * changeBound * norm(change) + storageRounding * norm(reference);
    EXPECT_LE(norm(error), allowed) << name;
    RecordProperty(name, std::to_string(norm(error) / std::max(norm(change), 1e-300)));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, CompiledVectors,
                         ::testing::Values("dreamer", "group", "layered", "plain", "sequential"));

} // namespace

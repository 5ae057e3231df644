// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packages against the vectors of an independent implementation (test/vectors), experts replayed:
// logits, loss, gradients, and three training steps.

#include "test/unit/Support/Vectors.h"
#include "CompiledModel.h"
#include "test/unit/Support/TestSupport.h"
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::testing;
using dreamer::test::InterpretedVectors;
using dreamer::test::makeContext;
using dreamer::test::norm;
using dreamer::test::relativeError;
using dreamer::test::Vectors;
using reference::Bundle;
using reference::Floats;
using reference::Ints;

namespace {

/// Of each parameter's change over three steps.
constexpr double changeBound = 1e-4;
/// How much further than by its own storage a parameter may be: a value between two floats is
/// rounded to either, and on small tensors one such choice shows.
constexpr double storageSlack = 1.5;

class CompiledVectors : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    ModelOptions options;
    options.entries = {"score", "gradients", "train_step"};
    model = CompiledModel::create(vectors.yaml, options);
    ASSERT_TRUE(model);
    for (const auto &[name, tensor] : vectors.parameters) {
      auto view = model->session().parameter(name);
      ASSERT_TRUE(view.ok()) << name;
      const std::vector<double> &values = std::get<Floats>(tensor).data();
      std::copy(values.begin(), values.end(), view->asMutable<float>());
    }
  }

  /// The batch that is scored, with its experts replayed.
  Bundle replayed() {
    Bundle arguments = vectors.batch();
    for (const auto &[name, tensor] : vectors.expertIds())
      arguments[name] = tensor;
    return arguments;
  }

  Bundle trainStoringInF32();

  Vectors vectors = Vectors::read(GetParam());
  std::unique_ptr<CompiledModel> model;
};

/// Where three steps lead that are exact but for this: parameters are kept in f32.
Bundle CompiledVectors::trainStoringInF32() {
  auto context = makeContext();
  InterpretedVectors interpreted(*context, vectors);
  const Floats &byStep = vectors.expectedFloats("loss, norm, rate by step");
  Bundle state = interpreted.withZeros("train_step", "moment", vectors.parameters);
  for (int32_t step = 1; step <= 3; ++step) {
    Bundle batch = vectors.batch("." + std::to_string(step));
    interpreted.trainStep(batch, step, byStep(step - 1, 2), state);
    for (const auto &[name, tensor] : vectors.parameters)
      for (double &value : std::get<Floats>(state[name]).data())
        value = static_cast<float>(value);
  }
  return state;
}

/// ||a - b||
double distance(const Floats &a, const Floats &b) {
  Floats difference = a;
  for (int64_t i = 0; i < a.size(); ++i)
    difference.data()[i] -= b.data()[i];
  return norm(difference);
}

TEST_P(CompiledVectors, LogitsLossAndGradients) {
  Bundle scored = model->run("score", replayed());
  EXPECT_LE(relativeError(std::get<Floats>(scored["logits"]), vectors.expectedFloats("logits")),
            1e-5);
  EXPECT_NEAR(std::get<Floats>(scored["loss"])(), vectors.expectedFloats("loss")(0),
              1e-5 * vectors.expectedFloats("loss")(0));
  Bundle gradients = model->run("gradients", replayed());
  int64_t count = 0;
  for (const auto &[name, tensor] : vectors.expected)
    if (llvm::StringRef(name).starts_with("grad.")) {
      ASSERT_TRUE(gradients.contains(name)) << name;
      EXPECT_LE(relativeError(std::get<Floats>(gradients[name]), std::get<Floats>(tensor)), 1e-4)
          << name;
      ++count;
    }
  EXPECT_GT(count, 0);
}

TEST_P(CompiledVectors, ThreeTrainingSteps) {
  const Floats &byStep = vectors.expectedFloats("loss, norm, rate by step");
  for (int32_t step = 1; step <= 3; ++step) {
    Bundle arguments = vectors.batch("." + std::to_string(step));
    arguments["step"] = Ints::scalar(step);
    arguments["rate"] = Floats::scalar(byStep(step - 1, 2));
    Bundle results = model->run("train_step", arguments);
    EXPECT_NEAR(std::get<Floats>(results["loss"])(), byStep(step - 1, 0),
                1e-5 * byStep(step - 1, 0));
    EXPECT_NEAR(std::get<Floats>(results["norm"])(), byStep(step - 1, 1),
                1e-4 * byStep(step - 1, 1));
  }
  Bundle after = model->withParameters({}), stored = trainStoringInF32();
  for (const auto &[name, before] : vectors.parameters) {
    const Floats &exact = vectors.expectedFloats("after 3 steps." + name);
    const Floats &found = std::get<Floats>(after[name]);
    double change = distance(exact, std::get<Floats>(before));
    double floor = distance(std::get<Floats>(stored[name]), exact);
    EXPECT_LE(distance(found, exact), changeBound * change + storageSlack * floor)
        << name << ", which changed by " << change << " and is off by " << floor
        << " where only its storage is f32";
  }
}

INSTANTIATE_TEST_SUITE_P(Models, CompiledVectors,
                         ::testing::Values("dreamer", "group", "layered", "plain", "sequential"));

} // namespace

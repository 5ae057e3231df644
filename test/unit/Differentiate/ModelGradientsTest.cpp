// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gradients of whole models against central differences of their loss in f64, the choice
// of experts replayed.

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/NarrowMatrices/NarrowMatrices.h"
#include "test/unit/Agreement/RandomDescription.h"
#include "test/unit/Differentiate/ModelFixture.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;
using dreamer::testing::NamedDescription;

namespace {

class ModelGradientsTest : public ::testing::TestWithParam<NamedDescription> {
protected:
  void SetUp() override {
    context = makeContext();
    program = buildProgram(*context, GetParam().yaml, {.entries = {"score", "gradients"}});
    ASSERT_TRUE(program) << GetParam().yaml;
    inputs = randomInputs(*program, "score", 1);
    for (auto &[name, ids] : chosenExperts(run(*program, "score", inputs)))
      inputs[name] = ids;
  }

  double loss(const Bundle &at) {
    return std::get<Floats>(run(*program, "score", at).find("loss")->second).data().front();
  }

  /// Compares each gradient with the loss's slope along a random direction.
  void checkSlopes() {
    Bundle gradients = run(*program, "gradients", inputs);
    EXPECT_NEAR(std::get<Floats>(gradients.find("loss")->second).data().front(), loss(inputs),
                1e-12);
    double total = normOfGradients(gradients);
    for (auto &[name, value] : gradients) {
      StringRef parameter = name;
      if (!parameter.consume_front("grad."))
        continue;
      const Floats &gradient = std::get<Floats>(value);
      const Floats &start = std::get<Floats>(inputs.find(parameter.str())->second);
      Floats direction = randomFloats(start.shape(), 77);
      Bundle moved = inputs;
      double slope = differentiateAlong(
          [&](const Floats &x) {
            moved[parameter.str()] = x;
            return loss(moved);
          },
          start, direction, 1e-4);
      double expected = 0;
      for (int64_t i = 0; i < gradient.size(); ++i)
        expected += gradient.data()[i] * direction.data()[i];
      double scale = norm(gradient) * norm(direction);
      EXPECT_NEAR(slope, expected, 1e-6 * scale + 1e-9 * total) << name;
    }
  }

  /// Compares what `other` gives as gradients, loss and ids with what the program gives.
  void expectTheSame(OwningOpRef<ModuleOp> other) {
    ASSERT_TRUE(other);
    Bundle expected = run(*program, "gradients", inputs), found = run(*other, "gradients", inputs);
    ASSERT_EQ(expected.size(), found.size());
    for (auto &[name, value] : expected) {
      if (auto *floats = std::get_if<Floats>(&value))
        EXPECT_LT(relativeError(std::get<Floats>(found[name]), *floats), 1e-11) << name;
      else
        EXPECT_EQ(std::get<Ints>(found[name]).data(), std::get<Ints>(value).data()) << name;
    }
  }

  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> program;
  Bundle inputs;
};

TEST_P(ModelGradientsTest, AreSlopesOfTheLoss) { checkSlopes(); }

TEST_P(ModelGradientsTest, AreSlopesAtSmallerDepth) {
  program->walk([&](func::FuncOp function) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      std::string name = nameOfArgument(function, i);
      if (StringRef(name).ends_with(".depth"))
        inputs[name] = Ints::scalar(1);
    }
  });
  checkSlopes();
}

TEST_P(ModelGradientsTest, AreTheSameComputedAgain) {
  expectTheSame(buildProgram(*context, GetParam().yaml,
                             {.entries = {"gradients"}, .recompute = Recompute::Depth}));
}

TEST_P(ModelGradientsTest, AreTheSameInParts) {
  expectTheSame(
      buildProgram(*context, GetParam().yaml, {.entries = {"gradients"}, .microBatches = 2}));
}

/// Casts keep f64 in the interpreter: narrowing changes types, and nothing else.
TEST_P(ModelGradientsTest, AreTheSameNarrowed) {
  auto narrowed = buildProgram(*context, GetParam().yaml, {.entries = {"gradients"}});
  ASSERT_TRUE(narrowed);
  PassManager passes(context.get());
  passes.addPass(createNarrowMatrices());
  ASSERT_TRUE(succeeded(passes.run(*narrowed)));
  expectTheSame(std::move(narrowed));
}

INSTANTIATE_TEST_SUITE_P(Models, ModelGradientsTest,
                         ::testing::ValuesIn(dreamer::testing::describedAndRandom(1, 12)),
                         [](const auto &info) { return info.param.name; });

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gradients of whole models against central differences of their loss in f64, the choice
// of experts replayed.

#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/AccumulateGradients/AccumulateGradients.h"
#include "passes/DeferGradients/DeferGradients.h"
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

  /// Runs `most` steps of each loop over depth, as far as it has as many.
  void setDepths(int32_t most) {
    program->walk([&](RecurOp loop) {
      if (auto depth = dyn_cast_or_null<BlockArgument>(loop.getDepth()))
        inputs[nameOfArgument(loop->getParentOfType<func::FuncOp>(), depth.getArgNumber())] =
            Ints::scalar(std::min(most, static_cast<int32_t>(loop.getBound())));
    });
  }

  /// Compares what `other` gives as gradients, loss and ids with what the program gives.
  void expectTheSame(OwningOpRef<ModuleOp> other) {
    ASSERT_TRUE(other);
    Bundle expected = run(*program, "gradients", inputs), found = run(*other, "gradients", inputs);
    ASSERT_EQ(expected.size(), found.size());
    double total = normOfGradients(expected);
    for (auto &[name, value] : expected) {
      if (auto *floats = std::get_if<Floats>(&value)) {
        // Where there is no gradient, as of a router of one expert, there is rounding.
        double size = norm(*floats);
        double off = relativeError(std::get<Floats>(found[name]), *floats) * (size > 0 ? size : 1);
        EXPECT_LT(off, 1e-11 * size + 1e-14 * total) << name;
      } else {
        EXPECT_EQ(std::get<Ints>(found[name]).data(), std::get<Ints>(value).data()) << name;
      }
    }
  }

  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> program;
  Bundle inputs;
};

TEST_P(ModelGradientsTest, AreSlopesOfTheLoss) { checkSlopes(); }

TEST_P(ModelGradientsTest, AreSlopesAtSmallerDepth) {
  setDepths(1);
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

TEST_P(ModelGradientsTest, AreTheSameDeferred) {
  auto deferred = [&](BuildEntryPointsOptions options, int64_t window) {
    auto module = buildProgram(*context, GetParam().yaml, std::move(options));
    PassManager passes(context.get());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createAccumulateGradients());
    passes.addPass(createDeferGradients({Defer::All, window}));
    passes.addPass(createCanonicalizerPass());
    EXPECT_TRUE(module && succeeded(passes.run(*module)));
    return module;
  };
  for (int32_t depth : {16, 1, 3}) {
    setDepths(depth);
    for (int64_t window : {0, 2, 3})
      expectTheSame(deferred({.entries = {"gradients"}}, window));
  }
  expectTheSame(
      deferred({.entries = {"gradients"}, .recompute = Recompute::Depth, .microBatches = 2}, 2));
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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the entry points of one model have to agree on.

#include "mlir/IR/BuiltinOps.h"
#include "test/unit/Agreement/RandomDescription.h"
#include "test/unit/Differentiate/ModelFixture.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;
using dreamer::testing::NamedDescription;

namespace {

/// Row [b, t] of logits [B, T, V], or row b of logits [B, V].
std::vector<double> rowOf(const Tensor &logits, int64_t b, int64_t t = 0) {
  const Floats &x = std::get<Floats>(logits);
  int64_t row = x.shape().size() == 2 ? b : b * x.dim(1) + t;
  return x.row(row).vec();
}

void expectNear(const std::vector<double> &a, const std::vector<double> &b, const char *what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], 1e-9) << what << " " << i;
}

/// Position t of ids [D, B, T, k]: [D, B, k].
Ints atPosition(const Ints &ids, int64_t t) {
  Ints result(ArrayRef<int64_t>{ids.dim(0), ids.dim(1), ids.dim(3)});
  for (int64_t row = 0; row < result.rows(); ++row)
    llvm::copy(ids.row(row * ids.dim(2) + t), result.row(row).begin());
  return result;
}

class EntryPointsTest : public ::testing::TestWithParam<NamedDescription> {
protected:
  void SetUp() override {
    context = makeContext();
    program = buildProgram(*context, GetParam().yaml);
    ASSERT_TRUE(program) << GetParam().yaml;
    inputs = randomInputs(*program, "score", 5);
    scored = run(*program, "score", inputs);
    ids = chosenExperts(scored);
    tokens = std::get<Ints>(inputs.find("tokens")->second);
  }

  /// Runs prefill on the first `first` tokens of both sequences.
  Bundle prefill(int32_t first) {
    Bundle given = inputs;
    for (auto &[name, value] : ids)
      given[name] = value;
    given["lengths"] = Ints(ArrayRef<int64_t>{2}, first);
    return run(*program, "prefill", given);
  }

  /// Runs decode on token t of both sequences; `state` holds parameters and caches.
  Bundle decode(Bundle &state, int64_t t) {
    for (auto &[name, value] : ids)
      state[name] = atPosition(std::get<Ints>(value), t);
    state["token"] = Ints(ArrayRef<int64_t>{2}, {tokens(0, t), tokens(1, t)});
    state["position"] = Ints(ArrayRef<int64_t>{2}, int32_t(t));
    Bundle results = run(*program, "decode", state);
    applyUpdates(program->lookupSymbol<func::FuncOp>("decode"), results, state);
    return results;
  }

  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> program;
  Bundle inputs, scored, ids;
  Ints tokens;
};

TEST_P(EntryPointsTest, PrefillGivesTheLogitsOfTheLastPosition) {
  for (int32_t length = 1; length <= tokens.dim(1); ++length) {
    Bundle results = prefill(length);
    for (int64_t b = 0; b < 2; ++b)
      expectNear(rowOf(results["logits"], b), rowOf(scored["logits"], b, length - 1), "prefill");
  }
}

TEST_P(EntryPointsTest, DecodingContinuesAPrompt) {
  int64_t first = (tokens.dim(1) + 1) / 2;
  Bundle state = inputs, filled = prefill(first);
  for (auto &[name, value] : filled)
    state[name] = value;
  for (int64_t t = first; t < tokens.dim(1); ++t) {
    Bundle results = decode(state, t);
    for (int64_t b = 0; b < 2; ++b)
      expectNear(rowOf(results["logits"], b), rowOf(scored["logits"], b, t), "decode");
  }
}

TEST_P(EntryPointsTest, DecodingFromNothingIsScoring) {
  Bundle state = inputs;
  for (auto &[name, value] : prefill(1)) // for the caches' shapes; filled with nonsense
    if (auto *cache = std::get_if<Floats>(&value); cache && name != "logits")
      state[name] = Floats(cache->shape(), 1e30);
  for (int64_t t = 0; t < tokens.dim(1); ++t) {
    Bundle results = decode(state, t);
    for (int64_t b = 0; b < 2; ++b)
      expectNear(rowOf(results["logits"], b), rowOf(scored["logits"], b, t), "decode");
    for (auto &[name, value] : ids)
      EXPECT_EQ(std::get<Ints>(results[name]).data(), atPosition(std::get<Ints>(value), t).data());
  }
}

/// One training step is AdamW, written down again, on what `gradients` gives.
TEST_P(EntryPointsTest, TrainStepIsAdamWOnTheGradients) {
  Bundle state = inputs, gradients = run(*program, "gradients", inputs);
  for (auto &[name, value] : randomInputs(*program, "train_step", 9))
    if (StringRef(name).starts_with("moment"))
      state[name] = value;
  for (auto &[name, value] : state)
    if (StringRef(name).starts_with("moment2."))
      for (double &x : std::get<Floats>(value).data())
        x *= x;
  state["step"] = Ints::scalar(3);
  state["rate"] = Floats::scalar(0.01);
  Bundle results = run(*program, "train_step", state);
  double total = normOfGradients(gradients);
  EXPECT_NEAR(std::get<Floats>(results["norm"]).data()[0], total, 1e-9 * total);
  EXPECT_EQ(std::get<Ints>(results["skipped"]).data()[0], 0);

  double clip = std::min(1.0, 1.0 / (total + 1e-6));
  for (auto &[name, value] : gradients) {
    StringRef view = name;
    if (!view.consume_front("grad."))
      continue;
    std::string parameter = view.str();
    const Floats &before = std::get<Floats>(state[parameter]);
    const Floats &after = std::get<Floats>(results[parameter]);
    double decay = before.shape().size() >= 2 ? 0.1 : 0;
    for (int64_t i = 0; i < before.size(); ++i) {
      double g = std::get<Floats>(value).data()[i] * clip;
      double m = 0.9 * std::get<Floats>(state["moment1." + parameter]).data()[i] + 0.1 * g;
      double v = 0.95 * std::get<Floats>(state["moment2." + parameter]).data()[i] + 0.05 * g * g;
      double mhat = m / (1 - std::pow(0.9, 3)), vhat = v / (1 - std::pow(0.95, 3));
      double p = before.data()[i];
      p -= 0.01 * (mhat / (std::sqrt(vhat) + 1e-8) + decay * p);
      ASSERT_NEAR(after.data()[i], p, 1e-9) << parameter << " " << i;
    }
  }
}

/// Loads count every choice; a bias moves up for experts with less than their share.
TEST_P(EntryPointsTest, TrainStepBalances) {
  Bundle state = inputs;
  for (auto &[name, value] : randomInputs(*program, "train_step", 9))
    if (StringRef(name).starts_with("moment"))
      state[name] = Floats(shapeOf(value));
  state["step"] = Ints::scalar(1);
  state["rate"] = Floats::scalar(0.01);
  Bundle results = run(*program, "train_step", state);
  for (auto &[name, value] : ids) {
    std::string layer = StringRef(name).drop_back(StringRef(".expert_ids").size()).str();
    const Ints &load = std::get<Ints>(results[layer + ".expert_load"]);
    const Ints &chosen = std::get<Ints>(value);
    std::string bias = layer + ".expert_attention.bias";
    for (int64_t j = 0; j < load.width(); ++j) {
      int64_t count = 0;
      for (int64_t d = 0; d < load.rows(); ++d)
        count += load.row(d)[j];
      EXPECT_EQ(count, llvm::count(chosen.data(), int32_t(j)));
      int64_t missing = chosen.size() - load.width() * count;
      double moved =
          std::get<Floats>(results[bias]).data()[j] - std::get<Floats>(state[bias]).data()[j];
      EXPECT_NEAR(moved, 0.001 * ((missing > 0) - (missing < 0)), 1e-12);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EntryPointsTest,
                         ::testing::ValuesIn(dreamer::testing::describedAndRandom(21, 32)),
                         [](const auto &info) { return info.param.name; });

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What holds among packages: threads change no bit, depth at run time is compiled depth,
// recomputing a layer changes nothing but memory.

#include "CompiledModel.h"
#include "RandomDescription.h"
#include "test/unit/Support/TestSupport.h"
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::testing;
using reference::Bundle;
using reference::Floats;
using reference::Ints;

namespace {

const char *core = R"(model: properties
vocab_size: 37
hidden_size: 24
context: 11
stack:
  - layers: {name: stem, count: 3, sequence_attention: {heads: 2, kv_heads: 1, head_dim: 8}, feed_forward: {hidden: 20}}
  - recur:
      name: core
      depth: 5
      sequence_attention: {heads: 2, kv_heads: 1, head_dim: 8}
      depth_attention: {heads: 2, kv_heads: 2, head_dim: 6}
      expert_attention: {experts: 9, active: 3, expert_hidden: 10, key_dim: 6}
)";

std::unique_ptr<CompiledModel> trained(const ModelOptions &options) {
  auto model = CompiledModel::create(core, options);
  if (model)
    model->initialize(3);
  return model;
}

TEST(Properties, ThreadsChangeNoBit) {
  std::vector<Bundle> parameters;
  for (int threads : {1, 2, 3}) {
    ModelOptions options;
    options.entries = {"train_step"};
    options.threads = threads;
    auto model = trained(options);
    ASSERT_TRUE(model);
    model->train(5, 10);
    parameters.push_back(model->withParameters({}));
  }
  for (const auto &[name, tensor] : parameters[0])
    for (size_t i : {1, 2})
      EXPECT_EQ(std::get<Floats>(tensor).data(), std::get<Floats>(parameters[i][name]).data())
          << name;
}

TEST(Properties, DepthAtRunTimeIsCompiledDepth) {
  ModelOptions options;
  options.entries = {"score", "gradients"};
  auto deep = trained(options);
  ASSERT_TRUE(deep);
  for (int32_t depth : {1, 2, 5}) {
    options.depths = {{"core", depth}};
    auto shallow = CompiledModel::create(core, options);
    ASSERT_TRUE(shallow);
    Bundle parameters = deep->withParameters({});
    for (const auto &[name, tensor] : parameters) {
      auto view = shallow->session().parameter(name);
      ASSERT_TRUE(view.ok());
      for (int64_t i = 0; i < view->elements(); ++i)
        view->asMutable<float>()[i] = static_cast<float>(std::get<Floats>(tensor).data()[i]);
    }
    Bundle batch = deep->randomBatch(11), atDepth = batch;
    atDepth["core.depth"] = Ints::scalar(depth);
    for (const char *entry : {"score", "gradients"}) {
      Bundle expected = shallow->run(entry, batch), found = deep->run(entry, atDepth);
      for (const auto &[name, tensor] : expected)
        if (std::holds_alternative<Floats>(tensor))
          EXPECT_EQ(std::get<Floats>(found[name]).data(), std::get<Floats>(tensor).data())
              << entry << ' ' << name << " at depth " << depth;
    }
    // Depths that did not run chose nobody.
    Bundle scored = deep->run("score", atDepth);
    const Ints &ids = std::get<Ints>(scored["core.expert_ids"]);
    for (int64_t d = depth; d < ids.dim(0); ++d) {
      Ints ofDepth = ids.entry(d);
      for (int32_t id : ofDepth.data())
        EXPECT_EQ(id, -1);
    }
  }
}

/// Gradients of two packages are the same but for rounding, at full depth and at less.
void expectSameGradients(CompiledModel &a, CompiledModel &b) {
  Bundle batch = a.randomBatch(12);
  for (int32_t depth : {5, 1, 3}) {
    batch["core.depth"] = Ints::scalar(depth);
    Bundle expected = a.run("gradients", batch), found = b.run("gradients", batch);
    for (const auto &[name, tensor] : expected)
      if (std::holds_alternative<Floats>(tensor))
        EXPECT_LE(
            dreamer::test::relativeError(std::get<Floats>(found[name]), std::get<Floats>(tensor)),
            1e-6)
            << name << " at depth " << depth;
  }
}

int64_t arenaOf(CompiledModel &model) {
  return model.session().manifest().entry("gradients")->arenaBytes;
}

TEST(Properties, RecomputingChangesMemoryOnly) {
  ModelOptions options;
  options.entries = {"gradients"};
  auto keeping = trained(options);
  options.recompute = Recompute::Depth;
  auto recomputing = trained(options);
  ASSERT_TRUE(keeping && recomputing);
  expectSameGradients(*keeping, *recomputing);
  EXPECT_LT(arenaOf(*recomputing), arenaOf(*keeping));
}

TEST(Properties, DeferringChangesNothing) {
  ModelOptions options;
  options.entries = {"gradients"};
  options.depths = {{"core", 6}};
  options.defer = Defer::None;
  auto plain = trained(options);
  ASSERT_TRUE(plain);
  options.defer = Defer::All;
  auto expectSame = [&](Recompute recompute, int64_t window, int64_t microBatches) {
    options.recompute = recompute;
    options.deferWindow = window;
    options.microBatches = microBatches;
    auto deferring = trained(options);
    ASSERT_TRUE(deferring);
    expectSameGradients(*plain, *deferring);
  };
  for (int64_t window : {0, 2, 3})
    expectSame(Recompute::None, window, 1);
  expectSame(Recompute::Depth, 3, 1);
  expectSame(Recompute::Depth, 2, 2);
}

TEST(Properties, BudgetsAreKeptAndChangeMemoryOnly) {
  ModelOptions options;
  options.entries = {"gradients"};
  auto keeping = trained(options);
  ASSERT_TRUE(keeping);
  const auto *entry = keeping->session().manifest().entry("gradients");
  int64_t outside = 2 * keeping->session().manifest().parameterBytes + (1 << 14);
  for (int percent : {95, 85, 75}) {
    options.memoryBudget = outside + entry->arenaBytes * percent / 100;
    auto budgeted = trained(options);
    ASSERT_TRUE(budgeted);
    EXPECT_LT(arenaOf(*budgeted), options.memoryBudget);
    EXPECT_LT(arenaOf(*budgeted), arenaOf(*keeping));
    expectSameGradients(*keeping, *budgeted);
  }
}

TEST(Properties, FusedTilesAgree) {
  // Few rows and many; what is decoded one token at a time too.
  for (int64_t batch : {1, 5}) {
    ModelOptions options{.batch = batch, .fuseTiles = When::Never};
    auto plain = trained(options);
    options.fuseTiles = When::Always;
    auto fused = trained(options);
    ASSERT_TRUE(plain && fused);
    Bundle inputs = plain->randomBatch(14);
    Bundle lengths = {{"tokens", inputs["tokens"]},
                      {"lengths", Ints({batch}, static_cast<int32_t>(plain->context()))}};
    Bundle prefilled = plain->run("prefill", lengths),
           next = {{"token", Ints({batch}, 3)}, {"position", Ints({batch}, 7)}};
    for (const auto &[name, tensor] : prefilled)
      if (llvm::StringRef(name).contains(".cache."))
        next[name] = tensor;
    std::pair<const char *, const Bundle *> calls[] = {
        {"score", &inputs}, {"gradients", &inputs}, {"prefill", &lengths}, {"decode", &next}};
    for (auto [entry, given] : calls) {
      Bundle expected = plain->run(entry, *given), found = fused->run(entry, *given);
      for (const auto &[name, tensor] : expected) {
        if (!std::holds_alternative<Floats>(tensor))
          continue;
        EXPECT_LE(
            dreamer::test::relativeError(std::get<Floats>(found[name]), std::get<Floats>(tensor)),
            1e-5)
            << entry << ' ' << name << ", batch " << batch;
      }
    }
  }
}

TEST(Properties, FusedLossesAgree) {
  // 352 positions, so that their logits are made in more than one turn.
  ModelOptions options{.batch = 32, .fuseProducts = When::Never, .entries = {"gradients"}};
  auto whole = trained(options);
  options.fuseProducts = When::Always;
  auto fused = trained(options);
  options.threads = 1;
  auto fusedOnOneThread = trained(options);
  ASSERT_TRUE(whole && fused && fusedOnOneThread);
  Bundle batch = whole->randomBatch(13);
  Bundle expected = whole->run("gradients", batch), found = fused->run("gradients", batch);
  Bundle same = fusedOnOneThread->run("gradients", batch);
  for (const auto &[name, tensor] : expected) {
    if (!std::holds_alternative<Floats>(tensor))
      continue;
    const Floats &floats = std::get<Floats>(found[name]);
    EXPECT_LE(dreamer::test::relativeError(floats, std::get<Floats>(tensor)), 1e-5) << name;
    EXPECT_EQ(std::get<Floats>(same[name]).data(), floats.data()) << name;
  }
}

} // namespace

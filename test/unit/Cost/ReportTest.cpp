// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The accountant's numbers against counts by hand.

#include "lib/Cost/Report.h"
#include "Models.h"
#include "mlir/IR/Diagnostics.h"
#include "test/unit/Support/Program.h"
#include <gmock/gmock.h>

using namespace dreamer;
using namespace dreamer::test;
using ::testing::HasSubstr;

namespace {

// Multiply-adds of `recurrent` for one token in one depth; a linear map counts in * out.
constexpr int64_t sequenceProjections = 20 * (16 + 8 + 8) + 16 * 20;
constexpr int64_t depthProjections = 20 * (12 + 12 + 12) + 12 * 20;
constexpr int64_t router = 20 * 6 + 6 * 7;
constexpr int64_t experts = 2 * 3 * 20 * 11; // 2 active, three matrices
constexpr int64_t output = 20 * 31;
// Attention of one token over all 5 depths: q k^T and p v, 1 + 2 + ... + 5 slots of 12 features.
constexpr int64_t depthAttention = 2 * 15 * 12;
// Causal attention of one sequence in one depth: 10 * 11 / 2 pairs of 16 features.
constexpr int64_t sequenceAttention = 2 * 55 * 16;
constexpr int64_t depth = 5, batch = 2, tokens = batch * 10;

TEST(Report, ParametersByHand) {
  mlir::MLIRContext context;
  auto report = accountModel(*buildModel(context, recurrent, batch));
  ASSERT_TRUE(mlir::succeeded(report));
  int64_t pool = 7 * 3 * 20 * 11;
  int64_t rest = 31 * 20 + 3 * 20                                 // embedding, three norms
                 + sequenceProjections + 2 * 8                    // two head norms
                 + depthProjections + 2 * 4 + 20 * 6 + 6 * 7 + 7; // routing: query, keys, bias
  EXPECT_EQ(report->total.parameters, rest + pool);
  EXPECT_EQ(report->total.activeParameters, rest + pool * 2 / 7);
  EXPECT_EQ(report->weightBytes(), 4 * (rest + pool));
  EXPECT_EQ(report->parts.lookup("core.sequence_attention").parameters,
            sequenceProjections + 2 * 8);
  EXPECT_EQ(report->parts.lookup("embed").parameters, 31 * 20);
  EXPECT_EQ(report->parts.lookup("output").parameters, 0); // tied
}

TEST(Report, ForwardByHand) {
  mlir::MLIRContext context;
  auto report = accountModel(*buildModel(context, recurrent, batch));
  ASSERT_TRUE(mlir::succeeded(report));
  EXPECT_EQ(report->forwardName, "forward");
  EXPECT_FALSE(report->trainingName);
  auto flops = [&](const char *part) { return report->parts.lookup(part).forward.cost.flops; };
  EXPECT_EQ(flops("core.sequence_attention"),
            2 * depth * (tokens * sequenceProjections + batch * sequenceAttention));
  EXPECT_EQ(flops("core.depth_attention"),
            2 * tokens * (depth * depthProjections + depthAttention));
  EXPECT_EQ(flops("core.expert_attention"), 2 * tokens * depth * (router + experts));
  EXPECT_EQ(flops("output"), 2 * tokens * output);
  EXPECT_EQ(report->total.forward.cost.flops, 754800);
  EXPECT_DOUBLE_EQ(report->forwardFlopsPerToken(), 754800.0 / tokens);
}

TEST(Report, TrainingByHand) {
  mlir::MLIRContext context;
  auto report = accountModel(*buildProgram(context, recurrent));
  ASSERT_TRUE(mlir::succeeded(report));
  EXPECT_EQ(report->trainingName, "train_step");
  EXPECT_EQ(report->total.forward.cost.flops, 754800);
  // A linear map, of experts as well, is done three times (y, dx, dw); attentions have their probabilities
  // computed again (2 + 5 products).
  int64_t linear = depth * (sequenceProjections + depthProjections + router + experts) + output;
  int64_t expected = 2 * tokens * (3 * linear + depthAttention * 7 / 2) +
                     2 * batch * depth * sequenceAttention * 7 / 2;
  EXPECT_EQ(report->total.training.cost.flops, expected);
  EXPECT_GT(report->keptBytes, 0);
}

TEST(Report, MemoryByHand) {
  mlir::MLIRContext context;
  auto report = accountModel(*buildModel(context, recurrent, batch));
  ASSERT_TRUE(mlir::succeeded(report));
  EXPECT_EQ(report->total.cacheBytes, tokens * depth * 2 * 8 * 4);
  EXPECT_EQ(report->total.historyBytes, tokens * depth * 2 * 12 * 4);
  // Results of the operations of one depth and token: norm1; q, k, v, normed, rotated, output
  // and lse, projection; the same of depth attention; two sums; norm2; query, rotated; two
  // scores; ids twice, gates, two hidden products of each chosen expert, mixture; sum. Then positions,
  // embedding, norm, logits.
  int64_t sequence = 3 * 16 + 3 * 8 + 8 + 16 + 2 + 20;
  int64_t depths = 3 * 12 + 3 * 12 + 12 + 12 + 20;
  int64_t routed = 20 + 2 * 6 + 2 * 7 + 3 * 2 + 2 * 2 * 11 + 20;
  int64_t perDepth = 20 + sequence + depths + 2 * 20 + routed + 20;
  EXPECT_EQ(report->total.activationBytes, tokens * 4 * (depth * perDepth + 1 + 2 * 20 + 31));
}

TEST(Report, PartsOfUntiedLayersAndGroups) {
  mlir::MLIRContext context;
  auto report = accountModel(*buildModel(context, mixed, 1));
  ASSERT_TRUE(mlir::succeeded(report));
  auto part = [&](const char *name) { return report->parts.lookup(name); };
  EXPECT_EQ(part("stem.expert_attention").parameters,
            3 * (12 * 4 + 4 * 6 + 6 + 3 * 6 * 12 * 5 + 3 * 12 * 9));
  EXPECT_EQ(part("stem.expert_attention").activeParameters,
            3 * (12 * 4 + 4 * 6 + 6 + 3 * 3 * 12 * 5 + 3 * 12 * 9));
  EXPECT_EQ(part("pair.1.feed_forward").parameters, 3 * 12 * 15);
  EXPECT_EQ(part("pair.1.feed_forward").forward.cost.flops, 2 * 6 * 3 * 3 * 12 * 15);
  EXPECT_EQ(part("stem.norm_depth").parameters, 3 * 12);
  EXPECT_EQ(part("output").parameters, 23 * 12);
  // Depth attention to earlier depths only sees 0 + 1 + 2 slots.
  EXPECT_EQ(part("stem.depth_attention").forward.cost.flops, 2 * 6 * (3 * 4 * 12 * 8 + 2 * 3 * 8));
  EXPECT_EQ(report->total.historyBytes, 6 * 4 * (3 * 2 * 8 + 6 * 2 * 4));
  EXPECT_EQ(report->total.cacheBytes, 6 * 4 * (3 * 2 * 7 + 3 * 2 * 6));
  int64_t parameters = 0;
  for (auto &[name, cost] : report->parts)
    parameters += cost.parameters;
  EXPECT_EQ(parameters, report->total.parameters);
}

TEST(Report, PrintsAndExports) {
  mlir::MLIRContext context;
  auto report = accountModel(*buildProgram(context, recurrent));
  ASSERT_TRUE(mlir::succeeded(report));
  std::string text;
  llvm::raw_string_ostream os(text);
  printReport(*report, os);
  EXPECT_THAT(text, HasSubstr("Cost of tiny at batch 2, context 10"));
  EXPECT_THAT(text, HasSubstr("core.sequence_attention"));
  llvm::json::Object json = reportToJSON(*report);
  EXPECT_EQ(json.getInteger("parameters"), report->total.parameters);
  EXPECT_EQ(json.getObject("forward")->getInteger("flops"), 754800);
  EXPECT_EQ(json.getArray("functions")->size(), 5u);
}

TEST(Report, NeedsAForwardPass) {
  mlir::MLIRContext context;
  std::string message;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) { message = diagnostic.str(); });
  auto module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  EXPECT_TRUE(mlir::failed(accountModel(module)));
  EXPECT_EQ(message, "expected a function 'forward' or 'score' to count, found none");
  module->erase();
}

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is read is what is written, defaults included, and prints back.

#include "Examples.h"
#include <gmock/gmock.h>

using namespace dreamer;
using namespace dreamer::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

Description parse(llvm::StringRef text) {
  mlir::MLIRContext context;
  Messages messages(context);
  auto description = parseDescription(text, "test.yaml", &context);
  EXPECT_THAT(messages.all, IsEmpty());
  return mlir::succeeded(description) ? *description : Description();
}

TEST(Parse, KeysAndDefaultsOfARecurrentModel) {
  Description d = parse(recurrent);
  EXPECT_EQ(d.model, "tiny");
  EXPECT_EQ(d.vocabSize, 31);
  EXPECT_EQ(d.hiddenSize, 20);
  EXPECT_EQ(d.context, 10);
  EXPECT_TRUE(d.tieEmbeddings);
  EXPECT_EQ(d.embeddingScale, 1);
  EXPECT_EQ(d.normEps, 1e-6);
  EXPECT_EQ(d.init.kind, InitKind::FanIn);
  ASSERT_EQ(d.stack.size(), 1u);
  const Block &core = d.stack[0];
  EXPECT_EQ(core.kind, Block::Kind::Recur);
  EXPECT_EQ(core.name, "core");
  EXPECT_EQ(core.depth, 5);
  EXPECT_FALSE(core.isGroup);
  EXPECT_EQ(d.applications(), 5);
  ASSERT_EQ(core.layers.size(), 1u);
  const Layer &layer = core.layers[0];
  EXPECT_EQ(layer.wiring, Wiring::Parallel);
  EXPECT_EQ(layer.sequenceAttention->ropeTheta, 10000);
  EXPECT_TRUE(layer.sequenceAttention->qkNorm);
  EXPECT_EQ(layer.depthAttention->ropeTheta, 50);
  EXPECT_TRUE(layer.depthAttention->includeCurrent);
  EXPECT_EQ(layer.expertAttention->experts, 7);
  EXPECT_EQ(layer.expertAttention->ropeTheta, 100);
  EXPECT_EQ(layer.expertAttention->rank, Rank::Logit);
  EXPECT_EQ(layer.expertAttention->sharedHidden, 0);
  EXPECT_EQ(layer.expertAttention->biasRate, 0.001);
  EXPECT_FALSE(layer.feedForward);
  EXPECT_EQ(d.training.learningRate, 1e-2);
  EXPECT_EQ(d.training.warmupSteps, 2);
  EXPECT_EQ(d.training.scheduleSteps, 0);
  EXPECT_EQ(d.training.minRate, 0.1);
  EXPECT_THAT(d.training.betas, ElementsAre(0.9, 0.95));
  EXPECT_EQ(d.training.eps, 1e-8);
  EXPECT_EQ(d.training.weightDecay, 0.1);
  EXPECT_EQ(d.training.clipNorm, 1);
  EXPECT_EQ(d.training.zLoss, 0);
}

TEST(Parse, EveryKindOfBlock) {
  Description d = parse(everything);
  ASSERT_EQ(d.stack.size(), 3u);
  EXPECT_EQ(d.init.std, 0.03);
  const Block &untied = d.stack[0], &pair = d.stack[1], &empty = d.stack[2];
  EXPECT_EQ(untied.name, "block0");
  EXPECT_EQ(untied.kind, Block::Kind::Layers);
  EXPECT_EQ(untied.depth, 3);
  EXPECT_TRUE(untied.layers[0].hasDepthNorm());
  EXPECT_EQ(untied.layers[0].depthAttention->ropeTheta, 7.5);
  EXPECT_FALSE(untied.layers[0].depthAttention->includeCurrent);
  EXPECT_EQ(untied.layers[0].expertAttention->rank, Rank::Sigmoid);
  EXPECT_EQ(untied.parameterPrefix(0, 2), "block0.2");
  EXPECT_TRUE(pair.isGroup);
  EXPECT_EQ(pair.layers.size(), 3u);
  EXPECT_EQ(pair.applications(), 9);
  EXPECT_EQ(pair.historySlotsPerStep(), 2);
  EXPECT_EQ(pair.parameterPrefix(1, 2), "pair.1");
  EXPECT_EQ(pair.layers[1].feedForward->hidden, 15);
  EXPECT_EQ(empty.name, "block2");
  EXPECT_EQ(d.applications(), 14);
  EXPECT_THAT(d.training.betas, ElementsAre(0.8, 0));
}

TEST(Parse, PrintsWhatItReads) {
  for (llvm::StringRef text : {recurrent, everything}) {
    std::string once = printDescription(parse(text));
    EXPECT_EQ(printDescription(parse(once)), once);
  }
  EXPECT_THAT(printDescription(parse(everything)),
              ::testing::AllOf(::testing::HasSubstr("model: every.thing-1\n"),
                               ::testing::HasSubstr("rope_theta: 7.5, "),
                               ::testing::HasSubstr("  z_loss: 1.0e-04\n"),
                               ::testing::HasSubstr("        - wiring: parallel\n")));
}

TEST(Parse, ReferenceHasEveryKey) {
  std::string reference;
  llvm::raw_string_ostream os(reference);
  printKeyReference(os);
  for (llvm::StringRef key : {"vocab_size", "group", "include_current", "bias_rate", "betas"})
    EXPECT_NE(reference.find(("| `" + key + "` |").str()), std::string::npos) << key.str();
}

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Data.h"

#include "Scratch.h"

#include <fstream>
#include <gmock/gmock.h>
#include <iterator>
#include <random>
#include <sentencepiece_trainer.h>

namespace dreamer::train {
namespace {

using testing::HasSubstr;

/// Trains a model of 64 pieces on a few sentences; `more` are further flags.
std::string makeModel(const Scratch &scratch, const std::string &more) {
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += "the depth of the dream is the depth of the sea " + std::to_string(i) + "\n";
  std::string path = scratch.file("text.txt", text);
  auto status = sentencepiece::SentencePieceTrainer::Train(
      "--input=" + path + " --model_prefix=" + scratch.path("m") +
      " --vocab_size=64 --model_type=bpe --minloglevel=2 " + more);
  EXPECT_TRUE(status.ok()) << status.message();
  return scratch.path("m.model");
}

TEST(SentencePiece, ThereAndBack) {
  Scratch scratch;
  auto tokenizer = openTokenizer(makeModel(scratch, "--pad_id=3"), 64);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  std::vector<int32_t> tokens = (*tokenizer)->encode("the depth of the sea");
  EXPECT_LT(tokens.size(), 20u);
  EXPECT_EQ((*tokenizer)->beginToken(), 1);
  EXPECT_EQ((*tokenizer)->endToken(), 2);
  EXPECT_EQ((*tokenizer)->padToken(), 3);
  tokens.insert(tokens.begin(), 1);
  tokens.push_back(2);
  EXPECT_EQ((*tokenizer)->decode(tokens), "the depth of the sea");
}

TEST(SentencePiece, PadsWithTheEndTokenWithoutOneOfItsOwn) {
  Scratch scratch;
  auto tokenizer = openTokenizer(makeModel(scratch, ""), 100);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->padToken(), (*tokenizer)->endToken());
  EXPECT_EQ((*tokenizer)->vocabularySize(), 64);
}

TEST(SentencePiece, MustFitAndHaveBeginAndEnd) {
  Scratch scratch;
  EXPECT_THAT(openTokenizer(makeModel(scratch, ""), 63).status().message(),
              HasSubstr("expected at most 63 tokens, the vocabulary of the package, found 64"));
  EXPECT_THAT(openTokenizer(makeModel(scratch, "--bos_id=-1"), 64).status().message(),
              HasSubstr("expected a model with begin and end tokens"));
}

/// A model file that was damaged is refused with a message, or cuts text into tokens of its own.
TEST(SentencePiece, StandsDamagedModels) {
  Scratch scratch;
  std::ifstream file(makeModel(scratch, ""), std::ios::binary);
  std::string model{std::istreambuf_iterator<char>(file), {}};
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = model;
    for (size_t n = 1 + random() % 4; n > 0; --n)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (i % 3 == 0)
      damaged.resize(random() % damaged.size());
    auto tokenizer = openSentencePiece(scratch.file("damaged.model", damaged));
    if (tokenizer.failed()) {
      EXPECT_FALSE(tokenizer.status().message().empty());
      ++refused;
      continue;
    }
    std::vector<int32_t> tokens = (*tokenizer)->encode("the depth of the sea");
    for (int32_t token : tokens) {
      EXPECT_GE(token, 0);
      EXPECT_LT(token, (*tokenizer)->vocabularySize());
    }
    (*tokenizer)->decode(tokens);
  }
  EXPECT_GT(refused, 50);
}

TEST(SentencePiece, CountsBitsOverBytesOfTheText) {
  Scratch scratch;
  auto tokenizer = openTokenizer(makeModel(scratch, ""), 64);
  ASSERT_TRUE(tokenizer.ok());
  DataOptions options;
  options.context = 8;
  options.vocabulary = 64;
  options.heldOut = 0.2;
  Result<Data> data = loadData(scratch.path("text.txt"), **tokenizer, options);
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_GT(data->heldOutBytes, 2 * data->heldOut->textTokens());
}

} // namespace
} // namespace dreamer::train

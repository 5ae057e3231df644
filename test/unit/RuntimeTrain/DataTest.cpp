// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Data.h"
#include "runtime/train/Order.h"

#include "Scratch.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <set>

namespace dreamer::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

DataOptions options(int64_t context, double heldOut = 0.0) {
  DataOptions options;
  options.context = context;
  options.vocabulary = 260;
  options.heldOut = heldOut;
  return options;
}

std::vector<int32_t> tokensOf(const Examples &examples, int64_t index, int64_t context,
                              std::vector<int32_t> *targets = nullptr) {
  std::vector<int32_t> tokens(static_cast<size_t>(context)), wanted(tokens.size());
  examples.write(index, tokens, wanted);
  if (targets)
    *targets = wanted;
  return tokens;
}

std::string messageOf(const Scratch &scratch, const std::string &name, const std::string &content,
                      const DataOptions &options) {
  Result<Data> data = loadData(scratch.file(name, content), ByteTokenizer(), options);
  EXPECT_TRUE(data.failed());
  return data.status().message();
}

TEST(Data, CutsTextIntoWindowsAfterABeginToken) {
  Scratch scratch;
  Result<Data> data = loadData(scratch.file("t.txt", "abcdefg"), ByteTokenizer(), options(4));
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ(data->kind, DataKind::Text);
  ASSERT_EQ(data->train->size(), 2);
  std::vector<int32_t> targets;
  EXPECT_THAT(tokensOf(*data->train, 0, 4, &targets), ElementsAre(256, 'a', 'b', 'c'));
  EXPECT_THAT(targets, ElementsAre('a', 'b', 'c', 'd'));
  EXPECT_THAT(tokensOf(*data->train, 1, 4, &targets), ElementsAre(256, 'e', 'f', 258));
  EXPECT_THAT(targets, ElementsAre('e', 'f', 'g', -1));
}

TEST(Data, ShiftedWindowsGoAroundTheEndOfTheText) {
  Scratch scratch;
  Result<Data> data = loadData(scratch.file("t.txt", "abcdefg"), ByteTokenizer(), options(4));
  ASSERT_TRUE(data.ok());
  std::vector<int32_t> tokens(4), targets(4);
  data->train->writeShifted(1, 2, tokens, targets);
  EXPECT_THAT(targets, ElementsAre('g', 'a', 'b', 'c'));
  EXPECT_THAT(tokens, ElementsAre(256, 'g', 'a', 'b'));
}

TEST(Data, HoldsOutTheTailOfAText) {
  Scratch scratch;
  std::string text(1000, 'x');
  text.replace(900, 100, std::string(100, 'y'));
  Result<Data> data = loadData(scratch.file("t.txt", text), ByteTokenizer(), options(8, 0.1));
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(data->heldOutBytes, 100);
  EXPECT_EQ(data->heldOut->textTokens(), 100);
  EXPECT_EQ(tokensOf(*data->heldOut, 0, 8)[1], 'y');
}

TEST(Data, NeverCutsACharacterInTwo) {
  Scratch scratch;
  std::string text;
  for (int i = 0; i < 33; ++i)
    text += "\xE2\x82\xAC";
  Result<Data> data = loadData(scratch.file("t.txt", text), ByteTokenizer(), options(8, 0.1));
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(data->heldOutBytes % 3, 0);
}

TEST(Data, CountsTheLossOnAnswersOnly) {
  Scratch scratch;
  Result<Data> data =
      loadData(scratch.file("p.jsonl", R"({"prompt":"ab?","answer":"7","steps":2})"),
               ByteTokenizer(), options(7));
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ(data->kind, DataKind::Problems);
  std::vector<int32_t> targets;
  EXPECT_THAT(tokensOf(*data->train, 0, 7, &targets),
              ElementsAre(256, 'a', 'b', '?', '7', 258, 258));
  EXPECT_THAT(targets, ElementsAre(-1, -1, -1, '7', 257, -1, -1));
  EXPECT_EQ(data->train->row(0)->steps, 2);
}

TEST(Data, TakesRowsOfTokensAsTheyAre) {
  Scratch scratch;
  Result<Data> data = loadData(scratch.file("p.jsonl", "{\"tokens\":[1,2],\"targets\":[-1,3]}\n\n"),
                               ByteTokenizer(), options(3));
  ASSERT_TRUE(data.ok()) << data.status().message();
  std::vector<int32_t> targets;
  EXPECT_THAT(tokensOf(*data->train, 0, 3, &targets), ElementsAre(1, 2, 258));
  EXPECT_THAT(targets, ElementsAre(-1, 3, -1));
}

TEST(Data, SplitsByThePromptAlone) {
  int64_t heldOut = 0;
  for (int i = 0; i < 10000; ++i) {
    std::string prompt = "a=" + std::to_string(i) + "?";
    heldOut += isHeldOut(prompt, 0.1) ? 1 : 0;
    EXPECT_TRUE(!isHeldOut(prompt, 0.1) ||
                isHeldOut(prompt, 0.2)); // larger shares contain smaller ones
  }
  EXPECT_NEAR(static_cast<double>(heldOut), 1000.0, 100.0);
}

TEST(Data, SaysWhatIsWrongAndWhere) {
  Scratch scratch;
  EXPECT_THAT(messageOf(scratch, "e.txt", "", options(4)), HasSubstr("found an empty file"));
  EXPECT_THAT(messageOf(scratch, "s.txt", "abc", options(4)),
              HasSubstr("expected at least 4 tokens"));
  EXPECT_THAT(messageOf(scratch, "u.txt", "abc\ndef\xFFgh", options(4)),
              HasSubstr("invalid UTF-8 at byte 7 (line 2): 0xff"));
  EXPECT_THAT(messageOf(scratch, "a.jsonl", "\n\n", options(4)), HasSubstr("rows of data"));
  EXPECT_THAT(messageOf(scratch, "b.jsonl", "{\"prompt\":\"a\"}", options(4)),
              HasSubstr("b.jsonl:1: expected {\"prompt\", \"answer\"}"));
  EXPECT_THAT(messageOf(scratch, "c.jsonl", "\n{\"prompt\":", options(4)), HasSubstr("c.jsonl:2"));
  EXPECT_THAT(messageOf(scratch, "d.jsonl", R"({"prompt":"abcdef","answer":"g"})", options(4)),
              HasSubstr("expected at most 4 tokens (the context of the package), found 8"));
  EXPECT_THAT(messageOf(scratch, "f.jsonl", R"({"tokens":[1,260],"targets":[1,1]})", options(4)),
              HasSubstr("from 0 to 259 (the vocabulary of the package), found 260"));
  EXPECT_THAT(messageOf(scratch, "g.jsonl", R"({"tokens":[1],"targets":[18446744073709551615]})",
                        options(4)),
              HasSubstr("found 18446744073709551615"));
  EXPECT_THAT(messageOf(scratch, "h.jsonl", R"({"tokens":[1],"targets":[-2]})", options(4)),
              HasSubstr("from -1 to 259"));
  EXPECT_THAT(messageOf(scratch, "i.jsonl", R"({"tokens":[1],"targets":[-1]})", options(4)),
              HasSubstr("at least one target that counts"));
  EXPECT_THAT(messageOf(scratch, "j.jsonl", R"({"tokens":[1,2],"targets":[1]})", options(4)),
              HasSubstr("as many targets as tokens"));
  EXPECT_THAT(messageOf(scratch, "k.jsonl", R"({"prompt":1,"answer":"a"})", options(4)),
              HasSubstr("a string for \"prompt\""));
  EXPECT_THAT(loadData(scratch.path("none.txt"), ByteTokenizer(), options(4)).status().message(),
              HasSubstr("none.txt"));
}

TEST(Order, IsAPermutationOfEveryEpoch) {
  DataOrder order(7, 100, 50);
  std::vector<int64_t> first, second;
  std::set<int64_t> shifts;
  for (int64_t i = 0; i < 200; ++i) {
    DataOrder::Place place = order.at(i);
    (i < 100 ? first : second).push_back(place.index);
    shifts.insert(place.shift);
  }
  EXPECT_NE(first, second);
  EXPECT_EQ(shifts.size(), 2u);
  for (auto *epoch : {&first, &second}) {
    std::sort(epoch->begin(), epoch->end());
    for (int64_t i = 0; i < 100; ++i)
      EXPECT_EQ((*epoch)[static_cast<size_t>(i)], i);
  }
}

TEST(Order, CanStartAnywhere) {
  DataOrder whole(7, 10, 3), resumed(7, 10, 3), other(8, 10, 3);
  bool differs = false;
  for (int64_t i = 0; i < 40; ++i) {
    DataOrder::Place place = whole.at(i);
    differs |= other.at(i).index != place.index;
    if (i < 25)
      continue;
    EXPECT_EQ(resumed.at(i).index, place.index);
    EXPECT_EQ(resumed.at(i).shift, place.shift);
  }
  EXPECT_TRUE(differs);
}

TEST(Order, PadsTheLastEvaluationBatch) {
  RowExamples rows({Row{{1}, {2}, 0, "", ""}}, 9);
  Batch batch(2, 2);
  std::vector<int64_t> indices = {0};
  fillEvaluationBatch(rows, indices, 9, batch);
  EXPECT_THAT(batch.tokens, ElementsAre(1, 9, 9, 9));
  EXPECT_THAT(batch.targets, ElementsAre(2, -1, -1, -1));
  EXPECT_EQ(batch.countTargets(), 1);
}

TEST(Tokenizer, BytesThereAndBack) {
  ByteTokenizer bytes;
  EXPECT_THAT(bytes.encode("a\xC3\xA9"), ElementsAre('a', 0xC3, 0xA9));
  std::vector<int32_t> tokens = {256, 'a', 0xC3, 0xA9, 257, 258, 999};
  EXPECT_EQ(bytes.decode(tokens), "a\xC3\xA9");
}

TEST(Tokenizer, MustFitTheVocabulary) {
  EXPECT_TRUE(openTokenizer("", 260).ok());
  EXPECT_TRUE(openTokenizer("bytes", 300).ok());
  EXPECT_THAT(openTokenizer("", 100).status().message(), HasSubstr("at most 100 tokens"));
  EXPECT_TRUE(openTokenizer("/no/such.model", 260).failed());
  Scratch scratch;
  EXPECT_THAT(openTokenizer(scratch.file("x.model", "not a model"), 260).status().message(),
              HasSubstr("expected a SentencePiece model"));
}

} // namespace
} // namespace dreamer::train

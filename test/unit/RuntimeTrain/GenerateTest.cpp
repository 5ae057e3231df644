// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Generate.h"

#include <gmock/gmock.h>
#include <map>

namespace dreamer::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// After token n comes n + 1; remembers at which positions it was asked.
class Counter final : public Speaker {
public:
  std::vector<std::vector<int32_t>> positions;

  int64_t batch() const override { return 2; }
  int64_t context() const override { return 6; }
  int64_t vocabulary() const override { return 10; }
  Result<std::span<const float>> prefill(std::span<const int32_t> tokens,
                                         std::span<const int32_t> lengths) override {
    std::vector<int32_t> last;
    for (size_t row = 0; row < 2; ++row)
      last.push_back(tokens[row * 6 + static_cast<size_t>(lengths[row]) - 1]);
    return after(last);
  }
  Result<std::span<const float>> decode(std::span<const int32_t> token,
                                        std::span<const int32_t> position) override {
    positions.emplace_back(position.begin(), position.end());
    return after(token);
  }

private:
  Result<std::span<const float>> after(std::span<const int32_t> tokens) {
    logits.assign(20, 0.0f);
    for (size_t row = 0; row < 2; ++row)
      logits[row * 10 + static_cast<size_t>(tokens[row] + 1) % 10] = 1.0f;
    return std::span<const float>(logits);
  }
  std::vector<float> logits;
};

TEST(Generate, ContinuesEveryPromptToItsEnd) {
  Counter counter;
  GenerateOptions options;
  options.maxTokens = 100;
  options.end = 7;
  std::vector<std::pair<size_t, int32_t>> seen;
  auto texts = generate(counter, {{3, 4}, {0, 1, 2}}, options,
                        [&](size_t row, int32_t token) { seen.emplace_back(row, token); });
  ASSERT_TRUE(texts.ok()) << texts.status().message();
  EXPECT_THAT((*texts)[0], ElementsAre(5, 6));       // then the end token
  EXPECT_THAT((*texts)[1], ElementsAre(3, 4, 5, 6)); // positions 3, 4, 5 and one past the context
  EXPECT_THAT(seen[0], testing::Pair(0u, 5));
  ASSERT_EQ(counter.positions.size(), 3u);
  EXPECT_THAT(counter.positions[0], ElementsAre(2, 3));
}

TEST(Generate, StopsAfterMaxTokens) {
  Counter counter;
  GenerateOptions options;
  options.maxTokens = 2;
  auto texts = generate(counter, {{1}}, options, nullptr);
  ASSERT_TRUE(texts.ok());
  EXPECT_THAT((*texts)[0], ElementsAre(2, 3));
  EXPECT_EQ(counter.positions.size(), 1u); // the last token is not read again
  options.maxTokens = 0;
  EXPECT_TRUE((*generate(counter, {{1}}, options, nullptr))[0].empty());
}

TEST(Generate, RefusesPromptsThatDoNotFit) {
  Counter counter;
  EXPECT_THAT(generate(counter, {{1, 2, 3, 4, 5, 6, 7}}, {}, nullptr).status().message(),
              HasSubstr("expected 1 to 6 tokens"));
  EXPECT_THAT(generate(counter, {{1}, {1}, {1}}, {}, nullptr).status().message(),
              HasSubstr("1 to 2 prompts"));
  EXPECT_TRUE(generate(counter, {}, {}, nullptr).failed());
}

TEST(Sampler, GreedyTakesTheFirstOfEquals) {
  std::vector<float> logits = {0.0f, 2.0f, 2.0f, -INFINITY};
  EXPECT_EQ(*Sampler({}, 0).pick(logits), 1);
  logits[0] = NAN;
  EXPECT_THAT(Sampler({}, 0).pick(logits).status().message(), HasSubstr("finite logits"));
}

TEST(Sampler, FollowsTheDistribution) {
  std::vector<float> logits = {0.0f, std::log(2.0f), std::log(5.0f)};
  Sampler sampler({1.0, 0, 1}, 0);
  std::map<int32_t, int> counts;
  for (int i = 0; i < 8000; ++i)
    ++counts[*sampler.pick(logits)];
  EXPECT_NEAR(counts[0], 1000, 120);
  EXPECT_NEAR(counts[1], 2000, 150);
  EXPECT_NEAR(counts[2], 5000, 180);
}

TEST(Sampler, KeepsToTheTopAndDependsOnTheSeed) {
  std::vector<float> logits(50);
  for (size_t i = 0; i < 50; ++i)
    logits[i] = static_cast<float>(i % 7);
  auto draw = [&](uint64_t seed, uint32_t sequence, int64_t topK) {
    Sampler sampler({2.0, topK, seed}, sequence);
    std::vector<int32_t> drawn;
    for (int i = 0; i < 30; ++i)
      drawn.push_back(*sampler.pick(logits));
    return drawn;
  };
  EXPECT_EQ(draw(1, 0, 0), draw(1, 0, 0));
  EXPECT_NE(draw(1, 0, 0), draw(2, 0, 0));
  EXPECT_NE(draw(1, 0, 0), draw(1, 1, 0));
  for (int32_t token : draw(3, 0, 3))
    EXPECT_TRUE(token == 6 || token == 13 || token == 20) << token;
}

} // namespace
} // namespace dreamer::train

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Problems.h"

#include "Scratch.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <set>

namespace dreamer::train {
namespace {

using testing::HasSubstr;

/// Solves "a=3;b=a+4;...;c?" with lines in any order, and counts the additions on the way.
std::pair<int64_t, int64_t> solve(const std::string &prompt, int64_t modulus) {
  std::map<char, std::string> lines;
  for (size_t i = 0; prompt[i + 1] == '=';) {
    size_t end = prompt.find(';', i);
    lines[prompt[i]] = prompt.substr(i + 2, end - i - 2);
    i = end + 1;
  }
  int64_t value = 0, steps = 0;
  for (char name = prompt[prompt.size() - 2];;) {
    const std::string &line = lines.at(name);
    if (line.size() == 1)
      return {(value + line[0] - '0') % modulus, steps};
    value += line[2] - '0';
    ++steps;
    name = line[0];
  }
}

ProblemOptions optionsOf(const std::string &kind, uint64_t seed = 1) {
  ProblemOptions options;
  options.kind = kind;
  options.count = 500;
  options.seed = seed;
  return options;
}

TEST(Problems, ChainsAreRightAndNeedTheirSteps) {
  for (const char *kind : {"chain", "shuffled"}) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < 500; ++i) {
      Problem problem = makeProblem(optionsOf(kind), i);
      auto [answer, steps] = solve(problem.prompt, 10);
      EXPECT_EQ(problem.answer, std::to_string(answer)) << problem.prompt;
      EXPECT_EQ(problem.steps, steps) << problem.prompt;
      seen.insert(steps);
    }
    EXPECT_EQ(seen, (std::set<int64_t>{1, 2, 3, 4}));
  }
}

TEST(Problems, SumsAreRightAndNeedTheirSteps) {
  std::set<int64_t> seen;
  for (int64_t i = 0; i < 500; ++i) {
    Problem problem = makeProblem(optionsOf("sum"), i);
    int64_t value = 0, terms = 0;
    for (char digit : problem.prompt)
      if (digit >= '0' && digit <= '9') {
        value += digit - '0';
        ++terms;
      }
    EXPECT_EQ(problem.answer, std::to_string(value % 10)) << problem.prompt;
    EXPECT_EQ(problem.steps, terms - 1) << problem.prompt;
    seen.insert(problem.steps);
  }
  EXPECT_EQ(seen, (std::set<int64_t>{1, 2, 3, 4}));
}

TEST(Problems, PermutationsAreRight) {
  for (int64_t i = 0; i < 100; ++i) {
    Problem problem = makeProblem(optionsOf("permutation"), i);
    int place = problem.prompt[0] - '0';
    int64_t steps = 0;
    for (size_t at = 2; at < problem.prompt.size(); at += 6, ++steps)
      place = problem.prompt[at + static_cast<size_t>(place) - 1] - '0';
    EXPECT_EQ(problem.answer, std::to_string(place)) << problem.prompt;
    EXPECT_EQ(problem.steps, steps);
  }
}

TEST(Problems, DependOnSeedAndIndexAlone) {
  EXPECT_EQ(makeProblem(optionsOf("chain"), 7).prompt, makeProblem(optionsOf("chain"), 7).prompt);
  int same = 0;
  for (int64_t i = 0; i < 100; ++i)
    same += makeProblem(optionsOf("chain", 1), i).prompt ==
            makeProblem(optionsOf("chain", 2), i).prompt;
  EXPECT_LT(same, 10);
}

TEST(Problems, WritesRowsAndReportsChance) {
  Scratch scratch;
  Result<ProblemSummary> summary = writeProblems(optionsOf("chain"), scratch.path("p.jsonl"));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_GT(summary->chance, 0.09);
  EXPECT_LT(summary->chance, 0.16);
  EXPECT_EQ(summary->longest, 31u); // "a=3;b=a+4;c=b+9;d=c+1;e=d+5;e?" and a digit
  std::istringstream lines(scratch.read("p.jsonl"));
  int64_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    auto row = nlohmann::json::parse(line);
    EXPECT_EQ(row["prompt"], makeProblem(optionsOf("chain"), count).prompt);
  }
  EXPECT_EQ(count, 500);
}

TEST(Problems, SaysWhatIsWrong) {
  auto message = [](const ProblemOptions &options) {
    return checkProblemOptions(options).message();
  };
  EXPECT_THAT(message(optionsOf("chian")), HasSubstr("did you mean 'chain'?"));
  ProblemOptions options = optionsOf("chain");
  options.count = 0;
  EXPECT_THAT(message(options), HasSubstr("--count"));
  options = optionsOf("chain");
  options.minSteps = 5;
  EXPECT_THAT(message(options), HasSubstr("1 <= min <= max <= 25"));
  options = optionsOf("chain");
  options.modulus = 11;
  EXPECT_THAT(message(options), HasSubstr("--modulus"));
}

} // namespace
} // namespace dreamer::train

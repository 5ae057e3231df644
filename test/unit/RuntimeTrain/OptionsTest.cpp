// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-run/Options.h"

#include <gmock/gmock.h>

namespace dreamer::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A verb with an option of every kind.
struct Sample {
  std::string package, word = "a", kind = "x";
  std::vector<std::string> many, rest;
  int64_t count = 3;
  uint64_t seed = 0;
  double rate = 0.5;
  std::optional<int64_t> steps;
  std::optional<std::string> resume;
  bool quiet = false;
  Options options{"train", "PACKAGE", "Trains."};

  Sample() {
    options.argument("PACKAGE", &package, "a package");
    options.value("word", "W", &word, "a word");
    options.choice("kind", {"x", "y"}, &kind, "a kind");
    options.value("many", "W", &many, "several");
    options.value("count", "N", &count, "a number");
    options.value("seed", "S", &seed, "a seed");
    options.value("rate", "X", &rate, "a rate");
    options.value("steps", "N", &steps, "steps");
    options.optionalValue("resume", "FILE", &resume, "last", "go on");
    options.flag("quiet", &quiet, "say nothing");
  }

  /// Status and what was said on stderr.
  std::pair<std::optional<int>, std::string> parse(const std::vector<std::string> &words) {
    testing::internal::CaptureStderr();
    std::optional<int> status = options.parse(words);
    return {status, testing::internal::GetCapturedStderr()};
  }
};

TEST(Options, TakesValuesInBothForms) {
  Sample sample;
  auto [status, said] = sample.parse({"--word=b", "tiny", "--count", "7", "--many=1", "--many=2=3",
                                      "--kind=y", "--seed=18446744073709551615", "--rate=1e-3",
                                      "--steps=9", "--resume", "--quiet"});
  EXPECT_FALSE(status) << said;
  EXPECT_EQ(sample.package, "tiny");
  EXPECT_EQ(sample.word, "b");
  EXPECT_EQ(sample.count, 7);
  EXPECT_THAT(sample.many, ElementsAre("1", "2=3"));
  EXPECT_EQ(sample.kind, "y");
  EXPECT_EQ(sample.seed, UINT64_MAX);
  EXPECT_EQ(sample.rate, 1e-3);
  EXPECT_EQ(sample.steps, 9);
  EXPECT_EQ(sample.resume, "last");
  EXPECT_TRUE(sample.quiet);
}

TEST(Options, LeavesDefaultsAlone) {
  Sample sample;
  EXPECT_FALSE(sample.parse({"--", "--odd-name"}).first);
  EXPECT_EQ(sample.package, "--odd-name");
  EXPECT_EQ(sample.word, "a");
  EXPECT_FALSE(sample.steps);
  EXPECT_FALSE(sample.resume);
}

TEST(Options, SaysWhatIsWrong) {
  auto said = [](const std::vector<std::string> &words) {
    auto [status, text] = Sample().parse(words);
    EXPECT_EQ(status, 2);
    return text;
  };
  EXPECT_THAT(said({"p", "--sead=1"}),
              HasSubstr("unknown option --sead; hint: did you mean '--seed'?"));
  EXPECT_THAT(said({"p", "--count=many"}),
              HasSubstr("expected a whole number from 0, found \"many\""));
  EXPECT_THAT(said({"p", "--count=-1"}), HasSubstr("expected a whole number"));
  EXPECT_THAT(said({"p", "--rate=nan"}), HasSubstr("expected a number from 0"));
  EXPECT_THAT(said({"p", "--kind=z"}), HasSubstr("expected x or y, found \"z\""));
  EXPECT_THAT(said({"p", "--word"}), HasSubstr("expected a value: --word=W"));
  EXPECT_THAT(said({"p", "--quiet=yes"}), HasSubstr("expected no value"));
  EXPECT_THAT(said({"p", "q"}), HasSubstr("unexpected argument \"q\""));
  EXPECT_THAT(said({"p", "-x"}), HasSubstr("options begin with --"));
  EXPECT_THAT(said({}), HasSubstr("expected PACKAGE, found nothing"));
}

TEST(Options, RequiredOnesMustBeThere) {
  std::string out;
  Options options("init", "--out=FILE", "Writes.");
  options.value("out", "FILE", &out, "where");
  options.required();
  testing::internal::CaptureStderr();
  EXPECT_EQ(options.parse({}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("expected --out=FILE, found nothing"));
}

TEST(Options, HelpListsEverything) {
  std::string help = Sample().options.help();
  for (const char *line :
       {"PACKAGE  ", "--word=W", "--kind=x|y", "--resume[=FILE]", "--quiet ", "--help"})
    EXPECT_THAT(help, HasSubstr(line));
}

} // namespace
} // namespace dreamer::run

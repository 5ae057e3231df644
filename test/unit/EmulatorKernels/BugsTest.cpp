// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Every planted bug shows. DREAMER_BUG_TABLE=FILE writes the table of docs/emulator-bugs.md.

#include "Bugs.h"

#include "gmock/gmock.h"

#include <cstdlib>
#include <fstream>

namespace dreamer::emulator::test {
namespace {

std::vector<std::pair<const Bug *, Findings>> &rows() {
  static std::vector<std::pair<const Bug *, Findings>> all;
  return all;
}

class PlantedBugs : public testing::TestWithParam<size_t> {
public:
  static void TearDownTestSuite() {
    if (const char *path = std::getenv("DREAMER_BUG_TABLE"))
      std::ofstream(path) << tableOf(rows());
  }
};

/// What practice leaves out is no finding of the usual checks.
void expectNothingUnlessStrict(const Bug &bug) {
  std::optional<LoadedModule> module = loadText(planted(bug), true);
  ASSERT_TRUE(module);
  for (uint64_t seed : {0, 1, 2}) {
    Outcome outcome = run(*module, kernelCase(bug.kernel), {true, Completion::Lazy, seed});
    EXPECT_EQ(outcome.wrong, "");
    for (const Finding &finding : outcome.findings)
      ADD_FAILURE() << "without strict: " << toString(finding);
  }
}

TEST_P(PlantedBugs, Show) {
  const Bug &bug = bugs()[GetParam()];
  if (kernelCase(bug.kernel).usesLibdevice && findLibdevice().empty())
    GTEST_SKIP() << "libdevice was not found (set CUDA_HOME): this kernel needs it";
  ASSERT_NE(planted(bug), "") << bug.kernel << ": no place " << bug.place << " of " << bug.from;
  std::vector<Finding> seen;
  Findings found = examine(bug, seen);
  ASSERT_NE(found.plain, "not loaded") << planted(bug);
  rows().push_back({&bug, found});
  std::string all;
  std::vector<Check> checks;
  for (const Finding &finding : seen) {
    checks.push_back(finding.check);
    if (all.size() < 2000)
      all += "\n  " + toString(finding);
  }
  SCOPED_TRACE(bug.kernel + ": " + bug.what + "; plain " + found.plain + ", eager " + found.eager +
               ", lazy " + found.lazy + ", seeds " + found.seeds + all);
  bool expected = false;
  for (Check check : bug.expected.checks)
    expected |= testing::Value(checks, testing::Contains(check));
  switch (bug.expected.kind) {
  case Verdict::Reported:
    EXPECT_TRUE(expected) << "not reported by the checks that should";
    if (bug.expected.strict)
      expectNothingUnlessStrict(bug);
    break;
  case Verdict::Wrong:
    EXPECT_TRUE(seen.empty() && !found.nothing()) << "expected nothing but wrong numbers";
    break;
  case Verdict::Equivalent:
  case Verdict::Missed:
    EXPECT_TRUE(found.nothing()) << "expected nothing to show: it is no longer so";
    break;
  }
}

std::vector<size_t> places() {
  std::vector<size_t> all(bugs().size());
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = i;
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBugs, testing::ValuesIn(places()), [](const auto &info) {
  return bugs()[info.param].kernel + "_" + std::to_string(info.param);
});

/// The documented table names each bug.
TEST(BugTable, IsThatOfTheDocs) {
  std::string docs = readText("../../../docs/emulator-bugs.md");
  for (const Bug &bug : bugs())
    EXPECT_THAT(docs, testing::HasSubstr("| " + bug.kernel + " | " + bug.what + " |"))
        << "write it again: DREAMER_BUG_TABLE=FILE EmulatorKernelsTests";
}

} // namespace
} // namespace dreamer::emulator::test

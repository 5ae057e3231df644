// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Each check, from MLIR to the report: a kernel that must be reported, at the line that says so, and
// a twin that must not.

#include "Cases.h"

#include "gmock/gmock.h"

#include <algorithm>

namespace dreamer::emulator::test {
namespace {

class EachCheck : public testing::TestWithParam<Check> {
public:
  std::string path() const { return "Inputs/Checks/" + std::string(nameOf(GetParam())) + ".mlir"; }
};

/// "race.mlir:17:", the line that is marked; empty: none is.
std::string markedPlace(const std::string &path, const std::string &text) {
  size_t mark = text.find("// reported");
  if (mark == std::string::npos)
    return "";
  size_t line = 1 + std::count(text.begin(), text.begin() + mark, '\n');
  return path.substr(path.rfind('/') + 1) + ":" + std::to_string(line) + ":";
}

std::vector<Finding> findingsOf(const LoadedModule &module, const std::string &kernel,
                                Completion completion, uint64_t seed) {
  std::vector<int> x(128, 1);
  KernelCase one{kernel, {{1, 1, 1}, {128, 1, 1}}, [&](Problem &problem) {
                   problem.input(x);
                   problem.input(std::vector<int>(128));
                 }};
  return run(module, one, {true, completion, seed}).findings;
}

TEST_P(EachCheck, ReportsAndDoesNot) {
  RewriteOptions options;
  std::optional<LoadedModule> module = loadKernels(kernelContext(), path(), options);
  ASSERT_TRUE(module) << "cannot read " << path() << "; run me in my source folder";
  std::string place = markedPlace(path(), readText(path()));
  // A launch that is refused has no place, and threads that go round are in many.
  EXPECT_EQ(place.empty(), GetParam() == Check::Launch || GetParam() == Check::Hang);
  for (Completion completion : {Completion::Eager, Completion::Lazy})
    for (uint64_t seed = 0; seed < 3; ++seed) {
      std::vector<Finding> findings = findingsOf(*module, "wrong", completion, seed);
      std::string all;
      bool found = false;
      for (const Finding &finding : findings) {
        all += "\n  " + toString(finding);
        found |=
            finding.check == GetParam() && finding.site.location.find(place) != std::string::npos;
      }
      EXPECT_TRUE(found) << nameOf(GetParam()) << " at " << place << ", seed " << seed
                         << ", found:" << all;
      for (const Finding &finding : findingsOf(*module, "right", completion, seed))
        ADD_FAILURE() << "the right twin: " << toString(finding);
    }
}

/// Code that was compiled without checks cannot be checked.
TEST(Launches, WithChecksThatTheCodeHasNot) {
  const std::string text = readText("Inputs/Checks/race.mlir");
  KernelCase kernel{"right", {{1, 1, 1}, {128, 1, 1}}, [](Problem &problem) {
                      problem.input(std::vector<int>(128));
                      problem.input(std::vector<int>(128));
                    }};
  auto found = [&](bool compiled, bool check, bool strict) {
    std::optional<LoadedModule> module = loadText(text, compiled);
    std::string all;
    Settings settings{.check = check, .strict = strict};
    for (const Finding &finding : run(module.value(), kernel, settings).findings)
      all += toString(finding) + "\n";
    return all;
  };
  EXPECT_EQ(found(true, true, true), "");
  EXPECT_EQ(found(true, false, false), "");
  EXPECT_EQ(found(false, false, false), "");
  EXPECT_THAT(found(false, true, false),
              testing::StartsWith("launch: kernel right: expected a kernel that was compiled"));
  EXPECT_THAT(found(true, false, true),
              testing::StartsWith("launch: kernel right: strict: expected a launch with checks"));
}

std::vector<Check> allChecks() {
  std::vector<Check> all;
  for (int check = 0; nameOf(Check(check)) != "unknown"; ++check)
    all.push_back(Check(check));
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, EachCheck, testing::ValuesIn(allChecks()), [](const auto &info) {
  std::string name(nameOf(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

} // namespace
} // namespace dreamer::emulator::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Right kernels: right numbers, and nothing is reported, however the work is scheduled.

#include "Cases.h"

#include "gmock/gmock.h"

namespace dreamer::emulator::test {
namespace {

class RightKernels : public testing::TestWithParam<std::string> {};

void expectRight(const LoadedModule &module, const KernelCase &kernel, const Settings &settings) {
  Outcome outcome = run(module, kernel, settings);
  EXPECT_EQ(outcome.wrong, "") << toString(settings);
  for (const Finding &finding : outcome.findings)
    ADD_FAILURE() << toString(settings) << ": " << toString(finding);
}

TEST_P(RightKernels, AgreeAndReportNothing) {
  const KernelCase &kernel = kernelCase(GetParam());
  if (kernel.usesLibdevice && findLibdevice().empty())
    GTEST_SKIP() << "libdevice was not found (set CUDA_HOME): this kernel needs it";
  std::string text = readText(kernel.path());
  ASSERT_NE(text, "") << "cannot read " << kernel.path() << "; run me in my source folder";
  std::optional<LoadedModule> checked = loadText(text, true), plain = loadText(text, false);
  ASSERT_TRUE(checked && plain);
  for (Completion completion : {Completion::Eager, Completion::Lazy})
    for (uint64_t seed = 0; seed <= 5 && !HasFailure(); ++seed)
      for (unsigned workers : {1, 2})
        expectRight(*checked, kernel, {true, completion, seed, workers});
  for (Completion completion : {Completion::Eager, Completion::Lazy})
    expectRight(*checked, kernel, {true, completion, 1, 1, /*strict=*/true});
  expectRight(*plain, kernel, {false});
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const KernelCase &one : kernelCases())
    all.push_back(one.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, RightKernels, testing::ValuesIn(names()),
                         [](const auto &info) { return info.param; });

} // namespace
} // namespace dreamer::emulator::test

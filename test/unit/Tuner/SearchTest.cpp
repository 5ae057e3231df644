// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Tuner/Search.h"
#include "runtime/core/CpuFeatures.h"
#include "test/unit/Tuner/Fixture.h"
#include <cmath>
#include <limits>

using namespace dreamer;
using namespace dreamer::tuning;

namespace {

class SearchTest : public test::TunerTest {
protected:
  void SetUp() override {
    if (target.featureBits() & ~runtime::cpuFeatures())
      GTEST_SKIP() << "this machine cannot run x86-64-v3";
    options.target = target;
    options.threads = 1;
    options.batchSeconds = 1e-4;
    options.machine.flopsPerSecond = 1e18; // nothing is near the roofline
    options.machine.bandwidths = {{1, 1e18}};
  }

  Found find(llvm::StringRef text) {
    std::vector<Task> tasks = tasksOf(text);
    EXPECT_EQ(tasks.size(), 1U);
    candidates = countCandidates(tasks[0], target);
    return llvm::cantFail(search(tasks[0], options));
  }

  SearchOptions options;
  int64_t candidates = 0;
};

constexpr char product[] = R"(
  func.func @f(%x: tensor<90x40xf32>, %w: tensor<30x40xf32>) -> tensor<90x30xf32> {
    %y = dreamer.linear %x, %w : tensor<90x40xf32>, tensor<30x40xf32>
    return %y : tensor<90x30xf32>
  })";

} // namespace

TEST_F(SearchTest, TriesEverythingAndAgrees) {
  int64_t told = 0;
  options.tried = [&] { ++told; };
  Found found = find(product);
  EXPECT_TRUE(found.record.finished);
  EXPECT_TRUE(found.wrong.empty());
  EXPECT_GE(told, candidates); // once more where a combination was left
  // A product as small as this one is one task, whatever its work: equal kernels are measured once.
  EXPECT_LE(found.record.tried, told);
  EXPECT_GE(found.record.tried, 6); // register blocks
  EXPECT_GT(found.record.standardSeconds, 0);
  EXPECT_LE(found.record.seconds, found.record.standardSeconds);
  EXPECT_EQ(found.record.choice.empty(), found.record.seconds == found.record.standardSeconds);
  EXPECT_EQ(found.record.threads, 1);
}

TEST_F(SearchTest, RunsWhatIsInLoopsAndHasIds) {
  options.margin = 0.99; // nothing is ever better
  Found found = find(R"(
    func.func @f(%u: tensor<20x8xf32>, %a: tensor<20x2x4xf32>, %ids: tensor<20x2xi32>, %g: tensor<20x2xf32>,
                 %w2: tensor<3x8x4xf32>) -> tensor<20x8xf32> {
      %y = dreamer.recur bound 4 init(%u) : (tensor<20x8xf32>) -> tensor<20x8xf32> {
      ^bb0(%d: index, %x: tensor<20x8xf32>):
        %z = dreamer.mix_experts %a, %a, %ids, %g, %w2 : tensor<20x2x4xf32>, tensor<20x2x4xf32>, tensor<20x2xi32>,
            tensor<20x2xf32>, tensor<3x8x4xf32>
        %next = dreamer.add %x, %z : tensor<20x8xf32>, tensor<20x8xf32>
        dreamer.yield carried(%next : tensor<20x8xf32>)
      }
      return %y : tensor<20x8xf32>
    })");
  EXPECT_TRUE(found.wrong.empty());
  EXPECT_TRUE(found.record.choice.empty());
  EXPECT_GE(found.record.tried, 6);
}

TEST_F(SearchTest, MeasuresEqualKernelsOnce) {
  options.margin = 0.99;
  // One row: weights are read where they are, and no parameter of packed ones matters.
  Found found = find(R"(
    func.func @f(%x: tensor<1x40xf32>, %w: tensor<30x40xf32>) -> tensor<1x30xf32> {
      %y = dreamer.linear %x, %w : tensor<1x40xf32>, tensor<30x40xf32>
      return %y : tensor<1x30xf32>
    })");
  EXPECT_EQ(found.record.tried, 1); // packed
  EXPECT_GT(candidates, 8);
}

TEST_F(SearchTest, StopsWhenAsked) {
  options.stop = [] { return true; };
  Found found = find(product);
  EXPECT_FALSE(found.record.finished);
  EXPECT_EQ(found.record.tried, 0);
  EXPECT_GT(found.record.standardSeconds, 0);
}

TEST_F(SearchTest, LeavesAloneWhatIsAtTheRoofline) {
  options.margin = 0.999999; // anything from the bound to a million times it
  options.machine.flopsPerSecond = 1e12;
  Found found = find(product);
  EXPECT_TRUE(found.record.finished);
  EXPECT_EQ(found.record.tried, 0);
  EXPECT_GE(found.record.boundSeconds, 2 * 90 * 40 * 30 / 1e12);
}

TEST_F(SearchTest, DoesNotBelieveAYardstickThatIsTooShort) {
  options.margin = 0.99;
  options.machine.flopsPerSecond = 1;
  Found found = find(product);
  EXPECT_GE(found.record.boundSeconds, 2 * 90 * 40 * 30);
  EXPECT_GE(found.record.tried, 6);
}

TEST_F(SearchTest, LeavesOutWhatDoesNotFitACache) {
  options.mostWorkingSet = 1; // only what needs no more than the standard values
  Found found = find(product);
  EXPECT_LT(found.record.tried, candidates);
  EXPECT_TRUE(found.record.finished);
}

TEST(Agreement, AllowsRoundingAndNothingElse) {
  std::vector<std::vector<float>> a{{1, 2, 3}, {4}}, b = a;
  EXPECT_TRUE(agree(a, b, 100));
  b[0][1] += 1e-6f;
  EXPECT_TRUE(agree(a, b, 100));
  b[0][1] = 2.0001f;
  EXPECT_FALSE(agree(a, b, 100));
  b = a;
  b[1][0] = std::nanf("");
  EXPECT_FALSE(agree(a, b, 100));
  EXPECT_FALSE(agree(b, b, 100));
  b[1][0] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(agree(b, b, 100));
  EXPECT_FALSE(agree(a, {{1, 2, 3}}, 100));
  EXPECT_FALSE(agree(a, {{1, 2}, {4}}, 100));
}

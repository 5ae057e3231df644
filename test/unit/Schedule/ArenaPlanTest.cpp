// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/ArenaPlan.h"
#include <gtest/gtest.h>
#include <random>

using namespace dreamer;

TEST(ArenaPlan, BuffersOfDifferentTimesShareMemory) {
  ArenaPlan plan;
  unsigned a = plan.add(100, Interval{0, 3}, "a");
  unsigned b = plan.add(100, Interval{4, 7}, "b");
  unsigned c = plan.add(100, Interval{3, 4}, "c");
  plan.solve();
  EXPECT_EQ(plan[a].offset, plan[b].offset);
  EXPECT_NE(plan[a].offset, plan[c].offset);
  EXPECT_EQ(plan.getBytes(), 256);
  EXPECT_FALSE(plan.findConflict());
}

TEST(ArenaPlan, TakesTheTightestGap) {
  ArenaPlan plan;
  plan.add(1024, Interval{0, 9}, "low");
  unsigned wide = plan.add(512, Interval{0, 1}, "wide gap later");
  plan.add(448, Interval{0, 9}, "middle");
  unsigned tight = plan.add(128, Interval{0, 1}, "tight gap later");
  plan.add(64, Interval{0, 9}, "high");
  unsigned small = plan.add(60, Interval{5, 6}, "small");
  plan.solve();
  EXPECT_EQ(plan[small].offset, plan[tight].offset);
  EXPECT_NE(plan[small].offset, plan[wide].offset);
}

TEST(ArenaPlan, ALifeMayHaveHoles) {
  ArenaPlan plan;
  unsigned carried = plan.add(64, {{0, 2}, {6, 9}}, "carried");
  unsigned inside = plan.add(64, Interval{3, 5}, "inside");
  plan.solve();
  EXPECT_EQ(plan[carried].offset, plan[inside].offset);
}

TEST(ArenaPlan, EmptyPlanHasNoBytes) {
  ArenaPlan plan;
  plan.solve();
  EXPECT_EQ(plan.getBytes(), 0);
  EXPECT_FALSE(plan.findConflict());
}

TEST(ArenaPlan, RandomPlansHaveNoConflictAndFitTheirPeak) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    ArenaPlan plan;
    constexpr int times = 60;
    int64_t live[times] = {};
    for (int i = 0; i < 80; ++i) {
      int64_t bytes = 1 + random() % 5000;
      int64_t begin = random() % times, end = std::min<int64_t>(times - 1, begin + random() % 10);
      plan.add(bytes, Interval{begin, end}, "x");
      for (int64_t time = begin; time <= end; ++time)
        live[time] += (bytes + 63) / 64 * 64;
    }
    plan.solve();
    EXPECT_FALSE(plan.findConflict());
    int64_t peak = *std::max_element(std::begin(live), std::end(live));
    EXPECT_GE(plan.getBytes(), peak);
    EXPECT_LE(plan.getBytes(), peak * 3 / 2) << "best fit wastes little";
  }
}

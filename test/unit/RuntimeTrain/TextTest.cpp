// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Text.h"
#include "runtime/train/Schedule.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

namespace dreamer::train {
namespace {

TEST(Schedule, WarmsUpThenFollowsTheCosine) {
  RateSchedule schedule{2e-3, 0.1, 10, 110};
  EXPECT_DOUBLE_EQ(schedule.rateAt(1), 2e-4);
  EXPECT_DOUBLE_EQ(schedule.rateAt(10), 2e-3);
  double expected = 2e-3 * (0.1 + 0.45 * (1.0 + std::cos(std::numbers::pi * 0.25)));
  EXPECT_DOUBLE_EQ(schedule.rateAt(35), expected);
  EXPECT_DOUBLE_EQ(schedule.rateAt(60), 2e-3 * 0.55);
  EXPECT_NEAR(schedule.rateAt(110), 2e-4, 1e-18);
  EXPECT_NEAR(schedule.rateAt(500), 2e-4, 1e-18);
}

TEST(Schedule, StandsOddLengths) {
  EXPECT_NEAR((RateSchedule{1.0, 0.1, 0, 1}.rateAt(1)), 0.1, 1e-15);   // no warm-up, one step
  EXPECT_DOUBLE_EQ((RateSchedule{1.0, 0.1, 100, 20}.rateAt(20)), 0.2); // ends in the warm-up
}

TEST(Text, FormatsForPeople) {
  EXPECT_EQ(formatCount(999), "999");
  EXPECT_EQ(formatCount(1234), "1.23k");
  EXPECT_EQ(formatCount(12345678), "12.3M");
  EXPECT_EQ(formatCount(999999), "1.00M");
  EXPECT_EQ(formatBytes(4096), "4.00 KiB");
  EXPECT_EQ(formatDuration(42.4), "42s");
  EXPECT_EQ(formatDuration(187), "3m07s");
  EXPECT_EQ(formatDuration(7500), "2h05m");
  EXPECT_EQ(formatDuration(INFINITY), "?");
  EXPECT_EQ(quote("a\nb\x01"), "\"a\\nb?\"");
  EXPECT_EQ(quote("abc\xE2\x82\xAC", 4), "\"abc...\"");
  EXPECT_EQ(listAlternatives({"a", "b", "c"}), "a, b or c");
}

} // namespace
} // namespace dreamer::train

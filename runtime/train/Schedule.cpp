// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dreamer::train {

double RateSchedule::rateAt(int64_t step) const {
  if (step <= warmupSteps)
    return peakRate * static_cast<double>(step) / static_cast<double>(warmupSteps);
  double passed = static_cast<double>(step - warmupSteps);
  double length = static_cast<double>(std::max<int64_t>(1, totalSteps - warmupSteps));
  double cosine = std::cos(std::numbers::pi * std::min(1.0, passed / length));
  return peakRate * (minRate + (1.0 - minRate) / 2.0 * (1.0 + cosine));
}

} // namespace dreamer::train

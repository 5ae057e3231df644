// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The learning rate of each step.

#ifndef DREAMER_RUNTIME_TRAIN_SCHEDULE_H
#define DREAMER_RUNTIME_TRAIN_SCHEDULE_H

#include <cstdint>

namespace dreamer::train {

/// Linear warm-up, then a cosine down to `minRate` times the peak.
///
/// Steps count from 1. `totalSteps` is the length the training was started with; it travels with
/// the checkpoint, so that a resumed run follows the same curve.
struct RateSchedule {
  double peakRate = 3.0e-4;
  double minRate = 0.1; ///< a share of `peakRate`
  int64_t warmupSteps = 100;
  int64_t totalSteps = 1;

  /// rate · t/W for t <= W; after that rate · (m + (1-m)/2 · (1 + cos(pi · min(1, (t-W)/max(1,
  /// N-W))))).
  double rateAt(int64_t step) const;
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_SCHEDULE_H

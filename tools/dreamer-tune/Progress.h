// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells how far a search is: a line for each kernel that is done, and on a terminal one that changes.

#ifndef DREAMER_TOOLS_TUNE_PROGRESS_H
#define DREAMER_TOOLS_TUNE_PROGRESS_H

#include "lib/Tuner/Search.h"
#include <chrono>

namespace dreamer {

class TuneProgress {
public:
  /// `candidates` is how many there are at most, in all kernels.
  TuneProgress(bool quiet, int64_t kernels, int64_t candidates)
      : quiet(quiet), kernels(kernels), left(candidates), start(Clock::now()) {}

  void begin(const tuning::Task &task, int64_t candidates);
  /// After each candidate.
  void tried();
  /// What the search of the kernel found.
  void finish(const tuning::Found &found);
  /// Removes the line that changes.
  void clear() const;

  double seconds() const;

private:
  using Clock = std::chrono::steady_clock;
  void show() const;
  std::string timeLeft() const;

  bool quiet;
  int64_t kernels, left, number = 0;
  int64_t done = 0;                       ///< candidates
  int64_t ofKernel = 0, doneOfKernel = 0; ///< candidates of the kernel that is searched
  std::string title;
  Clock::time_point start;
};

} // namespace dreamer

#endif // DREAMER_TOOLS_TUNE_PROGRESS_H

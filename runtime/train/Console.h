// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Progress for people: one line that is rewritten on a terminal, plain lines when piped.

#ifndef DREAMER_RUNTIME_TRAIN_CONSOLE_H
#define DREAMER_RUNTIME_TRAIN_CONSOLE_H

#include "runtime/train/Trainer.h"

#include <chrono>
#include <cstdio>

namespace dreamer::train {

/// A line of progress on `out` (stderr, usually).
class ProgressLine {
public:
  explicit ProgressLine(FILE *out);

  bool onTerminal() const { return terminal; }
  /// Replaces the line on a terminal; says nothing when piped.
  void show(const std::string &line);
  /// A line that stays.
  void print(const std::string &line);
  /// Removes the line, before something else is written.
  void clear();
  /// Ends the line, which stays.
  void keep();

private:
  FILE *out;
  bool terminal;
  size_t width = 0; ///< of what stands on the line now
};

class TrainConsole final : public TrainObserver {
public:
  /// `firstStep` is the step before the first one to come, `lastStep` the one to stop after.
  TrainConsole(FILE *out, int64_t firstStep, int64_t lastStep);

  Status onStep(const StepRecord &record) override;
  Status onEvaluation(int64_t step, const Evaluation &evaluation) override;
  Status onSave(int64_t step, const std::string &path) override;
  void print(const std::string &line) { progress.print(line); }
  /// The last line of progress stays, and what follows begins a new one.
  void finish() { progress.keep(); }

private:
  using Clock = std::chrono::steady_clock;
  std::string describe(const StepRecord &record) const;

  ProgressLine progress;
  int64_t firstStep;
  int64_t lastStep;
  int64_t printEvery;
  Clock::time_point start; ///< of the first step
  Clock::time_point shown;
  double tokensPerSecond = 0.0; ///< smoothed
};

/// "held-out loss 1.234, 92.1% right (chance 11.0%)"
std::string describeForPeople(const Evaluation &evaluation);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_CONSOLE_H

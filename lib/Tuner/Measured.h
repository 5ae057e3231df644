// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The time and the results of an operation's kernels with one choice of their parameters.

#ifndef DREAMER_LIB_TUNER_MEASURED_H
#define DREAMER_LIB_TUNER_MEASURED_H

#include "lib/Tuner/Isolate.h"
#include "lib/Tuner/RunnableKernel.h"
#include "runtime/measure/Machine.h"
#include <vector>

namespace dreamer::tuning {

class Measured {
public:
  /// Compiles the operation with this choice, and fills its inputs: always the same.
  static llvm::Expected<std::unique_ptr<Measured>> load(const Isolated &isolated,
                                                        const KernelChoice &choice,
                                                        const KernelTarget &target, int threads);

  const KernelChoice &getChoice() const { return choice; }
  /// Of the kernels: choices that make no difference have the same.
  uint64_t getFingerprint() const { return fingerprint; }
  int threads() { return kernel->getSession().device().threads(); }
  /// One run; gives the seconds that it counts for.
  llvm::Expected<double> run();
  /// The roofline of a run.
  double bound(const measure::Machine &machine) const;
  /// Of what the last run left, all floats of all results.
  llvm::Expected<std::vector<std::vector<float>>> results() const;

private:
  class Clock;
  Measured() = default;
  llvm::Error fill(const Isolated &isolated);

  KernelChoice choice;
  uint64_t fingerprint = 0;
  std::unique_ptr<RunnableKernel> kernel;
  std::shared_ptr<Clock> clock;
  size_t resultCount = 0;
};

/// How far two sums of `terms` products may be apart for being added in another order, relative to
/// the norm of all of them.
double roundingOf(int64_t terms);

/// Whether results agree within rounding. False for what is not finite.
bool agree(const std::vector<std::vector<float>> &a, const std::vector<std::vector<float>> &b,
           int64_t terms);

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNER_MEASURED_H

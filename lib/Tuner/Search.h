// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks for the best parameters of one operation's kernels on this machine.

#ifndef DREAMER_LIB_TUNER_SEARCH_H
#define DREAMER_LIB_TUNER_SEARCH_H

#include "lib/Tuner/Measured.h"
#include "lib/Tuner/Tasks.h"
#include "lib/TuningDatabase/Database.h"
#include <functional>

namespace dreamer::tuning {

struct SearchOptions {
  KernelTarget target;
  int threads = 0;
  measure::Machine machine;  ///< what it can do at most
  double margin = 0.03;      ///< a choice has to save so much of the time, each time it is measured
  double batchSeconds = 0.1; ///< of measuring one of two in turns
  int64_t mostWorkingSet = 0;  ///< bytes; a choice that needs more is not tried. 0: no limit
  std::function<bool()> stop;  ///< asked often: end soon
  std::function<void()> tried; ///< told after each candidate that was tried or left out
};

struct Found {
  Record record;
  std::vector<KernelChoice> wrong; ///< choices whose results are not those of the standard one
};

/// Starts from the standard values and goes through the groups of parameters; in each, every
/// combination races the best so far, in turns. The last race is that of the best against the standard.
/// A kernel within `margin` of its roofline is left as it is.
llvm::Expected<Found> search(const Task &task, const SearchOptions &options);

/// How many candidates a search has at most.
int64_t countCandidates(const Task &task, const KernelTarget &target);

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNER_SEARCH_H

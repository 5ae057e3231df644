// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs a launch and measures it.

#ifndef DREAMER_RUNTIME_CORE_OBSERVED_H
#define DREAMER_RUNTIME_CORE_OBSERVED_H

#include "runtime/core/Parallel.h"
#include "runtime/core/Profile.h"

#include <mutex>
#include <vector>

namespace dreamer::runtime {

/// One launch: its body wrapped so that every range of tasks is measured where it runs.
class ObservedLaunch {
public:
  ObservedLaunch(Executor::Body body, void *closure) : body(body), closure(closure) {}

  /// Runs it and tells the observer. `record` has entry, id and step.
  void run(const Executor &executor, int64_t tasks, LaunchRecord record, LaunchObserver &observer);

private:
  static void runRange(void *self, int64_t begin, int64_t end);
  void add(const ThreadShare &share);

  Executor::Body body;
  void *closure;
  std::mutex mutex;
  std::vector<ThreadShare> shares; // in order of threads
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_OBSERVED_H

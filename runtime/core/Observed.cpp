// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Observed.h"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace dreamer::runtime {

int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

static int32_t threadNumber() {
  static std::atomic<int32_t> next = 0;
  thread_local int32_t number = next.fetch_add(1, std::memory_order_relaxed);
  return number;
}

void ObservedLaunch::add(const ThreadShare &share) {
  std::lock_guard lock(mutex);
  auto place = std::lower_bound(
      shares.begin(), shares.end(), share.thread,
      [](const ThreadShare &known, int32_t thread) { return known.thread < thread; });
  if (place == shares.end() || place->thread != share.thread) {
    shares.insert(place, share);
    return;
  }
  place->tasks += share.tasks;
  place->end = share.end;
  place->busy += share.busy;
}

void ObservedLaunch::runRange(void *self, int64_t begin, int64_t end) {
  auto *launch = static_cast<ObservedLaunch *>(self);
  int64_t start = nanoseconds();
  launch->body(launch->closure, begin, end);
  int64_t stop = nanoseconds();
  launch->add({threadNumber(), end - begin, start, stop, stop - start});
}

void ObservedLaunch::run(const Executor &executor, int64_t tasks, LaunchRecord record,
                         LaunchObserver &observer) {
  record.tasks = tasks;
  record.begin = nanoseconds();
  executor.run(tasks, runRange, this);
  record.end = nanoseconds();
  record.threads = shares;
  observer.launched(record);
}

} // namespace dreamer::runtime

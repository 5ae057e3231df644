// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Watching a program as it runs: which launch took how long, on which threads.

#ifndef DREAMER_RUNTIME_CORE_PROFILE_H
#define DREAMER_RUNTIME_CORE_PROFILE_H

#include <cstddef>
#include <cstdint>
#include <span>

namespace dreamer::runtime {

/// Nanoseconds of a clock that only goes forward.
int64_t nanoseconds();

/// What one thread did of a launch. Threads are numbered as they first take part in a process.
struct ThreadShare {
  int32_t thread;
  int64_t tasks;
  int64_t begin, end; ///< of its first and its last task
  int64_t busy;       ///< nanoseconds in tasks
};

/// One launch as it ran.
struct LaunchRecord {
  size_t entry; ///< index in the manifest
  int64_t id;   ///< index in the manifest's launches of the entry and the variant, or -1
  int64_t step; ///< of the innermost loop over depth, or -1
  int64_t tasks;
  int64_t begin, end;
  std::span<const ThreadShare> threads; ///< valid during the call, in order of threads
};

/// Told of everything that a program runs, on the thread that runs it.
class LaunchObserver {
public:
  virtual ~LaunchObserver() = default;
  virtual void beginEntry(size_t entry, int64_t time) = 0;
  virtual void launched(const LaunchRecord &record) = 0;
  virtual void endEntry(size_t entry, int64_t time) = 0;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_PROFILE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Threads of the device "cpu": OpenMP, or the loop that the embedding program brought.

#ifndef DREAMER_RUNTIME_CORE_PARALLEL_H
#define DREAMER_RUNTIME_CORE_PARALLEL_H

#include "dreamer-c/Runtime.h"

#include <cstdint>
#include <functional>

namespace dreamer::runtime {

/// Flushes denormal floats to zero on this thread while it lives, then restores what was set
/// before. Kernels rely on it: a denormal costs a hundred times a normal number.
class FlushDenormals {
public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals &) = delete;
  FlushDenormals &operator=(const FlushDenormals &) = delete;

private:
  unsigned saved;
};

class Executor {
public:
  using Body = void (*)(void *closure, int64_t begin, int64_t end);

  /// `threads` 0: what OpenMP takes (OMP_NUM_THREADS, else all processors). `parallelFor` null:
  /// OpenMP.
  Executor(int threads, dreamer_parallel_for_fn parallelFor, void *context);

  int threads() const { return threadCount; }

  /// Calls body(closure, begin, end) on disjoint ranges that cover 0..tasks-1, denormals flushed,
  /// and returns when all have returned. A call from inside a body runs on the calling thread.
  void run(int64_t tasks, Body body, void *closure) const;

  /// Calls `work` with the threads of OpenMP gathered once for all that it hands to `run`.
  void gather(const std::function<void()> &work) const;

private:
  int threadCount;
  dreamer_parallel_for_fn parallelFor;
  void *context;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_PARALLEL_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Parallel.h"
#include "runtime/core/Team.h"

#include <algorithm>
#include <atomic>

#include <omp.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
// OpenMP keeps what it knows of its threads until the process ends.
extern "C" const char *__lsan_default_suppressions(void);
extern "C" __attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) {
  return "leak:libomp.so";
}
#endif
#endif

namespace dreamer::runtime {

#if defined(__x86_64__)
static constexpr unsigned flushBits = 0x8040; // MXCSR: flush to zero, denormals are zero

FlushDenormals::FlushDenormals() : saved(_mm_getcsr()) { _mm_setcsr(saved | flushBits); }
FlushDenormals::~FlushDenormals() { _mm_setcsr((_mm_getcsr() & ~flushBits) | (saved & flushBits)); }
#else
FlushDenormals::FlushDenormals() : saved(0) {}
FlushDenormals::~FlushDenormals() { (void)saved; }
#endif

Executor::Executor(int threads, dreamer_parallel_for_fn parallelFor, void *context)
    : threadCount(threads > 0 ? threads : std::max(1, omp_get_max_threads())),
      parallelFor(parallelFor), context(context) {}

namespace {
/// The body as the embedding program's loop calls it.
struct Wrapped {
  Executor::Body body;
  void *closure;

  static void call(void *self, int64_t begin, int64_t end) {
    FlushDenormals flush;
    auto *wrapped = static_cast<Wrapped *>(self);
    wrapped->body(wrapped->closure, begin, end);
  }
};
} // namespace

/// Threads take ranges one after the other, so that tasks of unequal length even out. Which thread
/// takes which range changes no result: tasks do not depend on each other.
static void runOnOpenMP(int threads, int64_t tasks, Executor::Body body, void *closure) {
  int64_t chunk = std::max<int64_t>(1, tasks / (int64_t{threads} * 8));
  std::atomic<int64_t> next = 0;
#pragma omp parallel num_threads(threads)
  {
    FlushDenormals flush;
    for (int64_t begin; (begin = next.fetch_add(chunk, std::memory_order_relaxed)) < tasks;)
      body(closure, begin, std::min(tasks, begin + chunk));
  }
}

/// The team that this thread leads.
static thread_local Team *led = nullptr;

void Executor::run(int64_t tasks, Body body, void *closure) const {
  if (tasks <= 0)
    return;
  if (led && tasks > 1)
    return led->run(tasks, body, closure);
  if (parallelFor) {
    Wrapped wrapped = {body, closure};
    parallelFor(context, tasks, Wrapped::call, &wrapped);
    return;
  }
  int threads = static_cast<int>(std::min<int64_t>(threadCount, tasks));
  if (threads == 1 || omp_in_parallel()) {
    FlushDenormals flush;
    body(closure, 0, tasks);
    return;
  }
  runOnOpenMP(threads, tasks, body, closure);
}

void Executor::gather(const std::function<void()> &work) const {
  if (parallelFor || threadCount == 1 || omp_in_parallel())
    return work();
  Team team(threadCount);
#pragma omp parallel num_threads(threadCount)
  {
    FlushDenormals flush;
    if (omp_get_thread_num() == 0) {
      led = &team;
      work();
      led = nullptr;
      team.dismiss();
    } else {
      team.follow(omp_get_thread_num());
    }
  }
}

} // namespace dreamer::runtime

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Parallel.h"
#include "runtime/core/Team.h"

#include <algorithm>

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

static bool flushes(unsigned control) { return (control & flushBits) == flushBits; }

// Setting the register and setting it back takes 13 ns.
FlushDenormals::FlushDenormals() : saved(_mm_getcsr()) {
  if (!flushes(saved))
    _mm_setcsr(saved | flushBits);
}
FlushDenormals::~FlushDenormals() {
  if (!flushes(saved))
    _mm_setcsr((_mm_getcsr() & ~flushBits) | (saved & flushBits));
}
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

/// The team that this thread leads.
static thread_local Team *led = nullptr;

/// Calls `work` on this thread, as the leader of so many threads of OpenMP.
static void lead(int threads, const std::function<void()> &work) {
  Team team(threads);
#pragma omp parallel num_threads(threads)
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

void Executor::run(int64_t tasks, Body body, void *closure) const {
  if (tasks <= 0)
    return;
  if (parallelFor) {
    Wrapped wrapped = {body, closure};
    parallelFor(context, tasks, Wrapped::call, &wrapped);
    return;
  }
  int threads = static_cast<int>(std::min<int64_t>(threadCount, tasks));
  if (threads == 1 || (!led && omp_in_parallel())) {
    FlushDenormals flush;
    body(closure, 0, tasks);
    return;
  }
  if (led)
    return led->run(tasks, body, closure);
  lead(threads, [&] { led->run(tasks, body, closure); });
}

void Executor::gather(const std::function<void()> &work) const {
  if (parallelFor || threadCount == 1 || omp_in_parallel())
    return work();
  lead(threadCount, work);
}

} // namespace dreamer::runtime

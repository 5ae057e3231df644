// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Team.h"

#include <algorithm>
#include <thread>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace dreamer::runtime {

namespace {
/// Waits for something that is about to happen; after some time lets other threads run.
class Patience {
public:
  void wait() {
    constexpr int spins = 2000; // about 50 us
    if (spun++ > spins)
      std::this_thread::yield();
#if defined(__x86_64__)
    else
      _mm_pause();
#endif
  }
  void renew() { spun = 0; }

private:
  int spun = 0;
};
} // namespace

int64_t Team::chunks() const {
  int64_t each = chunk.load(std::memory_order_acquire);
  return (tasks.load(std::memory_order_acquire) + each - 1) / each;
}

/// Runs the next chunk, if there is one. What was read of a loop belongs to the number that is exchanged: the leader
/// changes `next` before it writes down another loop, so an exchange with what was read of that fails.
bool Team::takeRange() {
  uint64_t ticket = next.load(std::memory_order_acquire);
  for (;;) {
    auto index = static_cast<int64_t>(ticket & noChunk);
    if (static_cast<uint64_t>(index) == noChunk || index >= chunks())
      return false;
    int64_t all = tasks.load(std::memory_order_acquire);
    int64_t each = chunk.load(std::memory_order_acquire);
    Body work = body.load(std::memory_order_acquire);
    void *argument = closure.load(std::memory_order_acquire);
    if (!next.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                    std::memory_order_acquire))
      continue;
    work(argument, index * each, std::min(all, index * each + each));
    finished.fetch_add(1, std::memory_order_release);
    return true;
  }
}

void Team::run(int64_t count, Body work, void *argument) {
  if (busy)
    return work(argument, 0, count);
  constexpr int64_t chunksOfThread = 8; // so that tasks of unequal length even out
  uint64_t loop = (next.load(std::memory_order_relaxed) | noChunk) + 1;
  next.store(loop | noChunk, std::memory_order_release);
  tasks.store(count, std::memory_order_release);
  chunk.store(std::max<int64_t>(1, count / (threads * chunksOfThread)), std::memory_order_release);
  body.store(work, std::memory_order_release);
  closure.store(argument, std::memory_order_release);
  finished.store(0, std::memory_order_release);
  next.store(loop, std::memory_order_release);

  busy = true;
  while (takeRange()) {
  }
  Patience patience;
  while (finished.load(std::memory_order_acquire) < chunks())
    patience.wait();
  busy = false;
}

void Team::follow() {
  Patience patience;
  while (!over.load(std::memory_order_acquire))
    if (takeRange())
      patience.renew();
    else
      patience.wait();
}

} // namespace dreamer::runtime

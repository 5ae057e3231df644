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

/// Runs the next chunk of a part, if there is one. What was read of a loop belongs to the number that is exchanged:
/// the leader changes `next` before it writes down another loop, so an exchange with what was read of that fails.
bool Team::takeChunkOf(int64_t part) {
  std::atomic<uint64_t> &next = parts[part].next;
  uint64_t ticket = next.load(std::memory_order_acquire);
  for (;;) {
    if ((ticket & noChunk) == noChunk)
      return false;
    auto members = static_cast<int64_t>(parts.size());
    int64_t all = chunks(), index = all * part / members + static_cast<int64_t>(ticket & noChunk);
    if (index >= all * (part + 1) / members)
      return false;
    int64_t each = chunk.load(std::memory_order_acquire);
    int64_t end = std::min(tasks.load(std::memory_order_acquire), index * each + each);
    Body work = body.load(std::memory_order_acquire);
    void *argument = closure.load(std::memory_order_acquire);
    if (!next.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                    std::memory_order_acquire))
      continue;
    work(argument, index * each, end);
    finished.fetch_add(1, std::memory_order_release);
    return true;
  }
}

/// One of the member's own, or else of the members after it.
bool Team::takeChunk(int member) {
  auto members = static_cast<int64_t>(parts.size());
  for (int64_t i = 0; i < members; ++i)
    if (takeChunkOf((member + i) % members))
      return true;
  return false;
}

void Team::writeDown(int64_t count, Body work, void *argument) {
  constexpr int64_t chunksOfMember = 8; // so that tasks of unequal length even out
  uint64_t loop = (parts.front().next.load(std::memory_order_relaxed) | noChunk) + 1;
  for (Part &part : parts)
    part.next.store(loop | noChunk, std::memory_order_release);
  int64_t wanted = static_cast<int64_t>(parts.size()) * chunksOfMember;
  tasks.store(count, std::memory_order_release);
  chunk.store(std::max<int64_t>(1, count / wanted), std::memory_order_release);
  body.store(work, std::memory_order_release);
  closure.store(argument, std::memory_order_release);
  finished.store(0, std::memory_order_release);
  for (Part &part : parts)
    part.next.store(loop, std::memory_order_release);
}

void Team::run(int64_t count, Body work, void *argument) {
  if (busy)
    return work(argument, 0, count);
  busy = true;
  writeDown(count, work, argument);
  while (takeChunk(0)) {
  }
  Patience patience;
  while (finished.load(std::memory_order_acquire) < chunks())
    patience.wait();
  busy = false;
}

void Team::follow(int member) {
  Patience patience;
  while (!over.load(std::memory_order_acquire))
    if (takeChunk(member))
      patience.renew();
    else
      patience.wait();
}

} // namespace dreamer::runtime

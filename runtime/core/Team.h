// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Threads that stay together over many loops. A loop for which threads are gathered anew waits, at its end, for each
// of them to come, one that the system has not let run too; in a team it waits for tasks that somebody has taken.

#ifndef DREAMER_RUNTIME_CORE_TEAM_H
#define DREAMER_RUNTIME_CORE_TEAM_H

#include <atomic>
#include <cstdint>

namespace dreamer::runtime {

/// One thread leads: it hands out loops, and works on them as the others do.
class Team {
public:
  using Body = void (*)(void *closure, int64_t begin, int64_t end);

  explicit Team(int threads) : threads(threads) {}
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  /// The leader: calls body(closure, begin, end) on disjoint ranges that cover 0 .. tasks-1, and returns when
  /// all have returned. From inside a body: all of it, on the calling thread.
  void run(int64_t tasks, Body body, void *closure);
  /// The leader: lets the others go.
  void dismiss() { over.store(true, std::memory_order_release); }
  /// The others: work until they are dismissed.
  void follow();

private:
  bool takeRange();
  int64_t chunks() const;

  // The number of the loop, and below it that of the next chunk. While a loop is written down it has none.
  static constexpr int indexBits = 32;
  static constexpr uint64_t noChunk = (uint64_t{1} << indexBits) - 1;
  static constexpr int line = 64;

  const int threads;
  bool busy = false; ///< known to the leader
  alignas(line) std::atomic<uint64_t> next = noChunk;
  std::atomic<int64_t> tasks = 0, chunk = 1;
  std::atomic<Body> body = nullptr;
  std::atomic<void *> closure = nullptr;
  alignas(line) std::atomic<int64_t> finished = 0; ///< chunks
  alignas(line) std::atomic<bool> over = false;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_TEAM_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Threads that stay together over many loops. A loop for which threads are gathered anew waits, at its end, for each
// of them to come, one that the system has not let run too; in a team it waits for tasks that somebody has taken.
// Each member starts with its own part of a loop, the same in loops of like length: what it wrote in one is near it
// in the next. Who is done helps others.

#ifndef DREAMER_RUNTIME_CORE_TEAM_H
#define DREAMER_RUNTIME_CORE_TEAM_H

#include <atomic>
#include <cstdint>
#include <vector>

namespace dreamer::runtime {

/// Members 0 .. size-1. The first leads: it hands out loops, and works on them as the others do.
class Team {
public:
  using Body = void (*)(void *closure, int64_t begin, int64_t end);

  explicit Team(int size) : parts(size) {}
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  /// The leader: calls body(closure, begin, end) on disjoint ranges that cover 0 .. tasks-1, and returns when
  /// all have returned. From inside a body: all of it, on the calling thread.
  void run(int64_t tasks, Body body, void *closure);
  /// The leader: lets the others go.
  void dismiss() { over.store(true, std::memory_order_release); }
  /// The others: work until they are dismissed.
  void follow(int member);

private:
  // The number of the loop, and below it that of the part's next chunk. While a loop is written down there is none.
  static constexpr uint64_t noChunk = UINT32_MAX;
  static constexpr int line = 64;

  /// The chunks of a loop that a member starts with.
  struct alignas(line) Part {
    std::atomic<uint64_t> next = noChunk;
  };

  bool takeChunk(int member);
  bool takeChunkOf(int64_t part);
  int64_t chunks() const;
  void writeDown(int64_t tasks, Body body, void *closure);

  std::vector<Part> parts;
  std::atomic<int64_t> tasks = 0;
  std::atomic<int64_t> chunk = 1; ///< tasks of one
  std::atomic<Body> body = nullptr;
  std::atomic<void *> closure = nullptr;
  std::atomic<bool> over = false;
  alignas(line) std::atomic<int64_t> finished = 0; ///< chunks
  bool busy = false;                               ///< known to the leader
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_TEAM_H

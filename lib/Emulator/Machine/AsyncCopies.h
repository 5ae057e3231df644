// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Copies of threads that have not been waited for, and their groups (PTX ISA 8.x, "cp.async").

#ifndef DREAMER_EMULATOR_MACHINE_ASYNCCOPIES_H
#define DREAMER_EMULATOR_MACHINE_ASYNCCOPIES_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/MBarrierState.h"

#include <deque>
#include <utility>
#include <vector>

namespace dreamer::emulator {

/// One cp.async. Its bytes belong to the thread and are written through the generic proxy.
class AsyncCopyInFlight {
public:
  AsyncCopyInFlight(Thread &thread, uint32_t offset, const std::byte *from, uint32_t bytes,
                    uint32_t sourceBytes, const Operation &operation);
  /// Copies, if that has not happened yet.
  void move();
  /// Somebody has waited: the bytes have been written by `writer`.
  void land(Epoch writer);

  Thread &thread;
  const Operation &operation;
  bool moved = false, landed = false;
  bool tracked = false; ///< by an mbarrier, too

private:
  uint32_t offset; ///< in the block's shared memory
  const std::byte *from;
  uint32_t bytes, sourceBytes;
  Allocation *source = nullptr; ///< null when nobody checks
  size_t sourceOffset = 0;
};

/// The thread's moment; never, when nobody checks.
Epoch momentOf(const Thread &thread);

/// Copies of one thread that may be under way, numbered from its first on.
class CopiesOfThread {
public:
  /// Numbers from begin() to end(); what had smaller ones has landed.
  uint64_t begin() const { return first; }
  uint64_t end() const { return first + copies.size(); }
  AsyncCopyInFlight &operator[](uint64_t number) { return copies[number - first]; }

  template <typename... Arguments>
  AsyncCopyInFlight &add(Arguments &&...arguments) {
    return copies.emplace_back(std::forward<Arguments>(arguments)...);
  }
  /// Moves those of the numbers that have not been moved.
  void move(uint64_t from, uint64_t to);
  /// The same for landing, by `writer`.
  void land(uint64_t from, uint64_t to, Epoch writer);

  std::deque<uint64_t> groups; ///< the ends of those that were committed and not waited for

private:
  std::deque<AsyncCopyInFlight> copies;
  uint64_t first = 0;
};

class AsyncCopies : public BlockState {
public:
  /// To byte `to` of the block's shared memory. `sourceBytes` of `bytes` come from `from`, whose
  /// AsyncRead has been noted; the others are zero.
  void add(Thread &thread, uint32_t to, const std::byte *from, uint32_t bytes, uint32_t sourceBytes,
           const Operation &operation);
  void commit(Thread &thread);
  /// Until at most `newest` groups are left.
  void wait(Thread &thread, size_t newest);
  /// An mbarrier tracks those of the thread that are under way.
  CopiesOfThread &track(Thread &thread);
  void threadExits(Thread &thread) override;

private:
  CopiesOfThread &of(Thread &thread);

  std::vector<CopiesOfThread> threads;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_ASYNCCOPIES_H

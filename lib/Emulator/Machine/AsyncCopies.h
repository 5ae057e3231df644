// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Copies of threads that have not been waited for, and their groups (PTX ISA 8.x, "cp.async").

#ifndef DREAMER_EMULATOR_MACHINE_ASYNCCOPIES_H
#define DREAMER_EMULATOR_MACHINE_ASYNCCOPIES_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/MBarrierState.h"
#include "lib/Emulator/Machine/Machine.h"

#include <deque>
#include <memory>
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

class AsyncCopies : public BlockState {
public:
  using Group = std::pmr::vector<std::shared_ptr<AsyncCopyInFlight>>;

  /// To byte `to` of the block's shared memory. `sourceBytes` of `bytes` come from `from`, whose
  /// AsyncRead has been noted; the others are zero.
  void add(Thread &thread, uint32_t to, const std::byte *from, uint32_t bytes, uint32_t sourceBytes,
           const Operation &operation);
  void commit(Thread &thread);
  /// Until at most `newest` groups are left.
  void wait(Thread &thread, size_t newest);
  /// All copies of the thread that are still under way, for an mbarrier that tracks them.
  Group underWay(Thread &thread);
  void threadExits(Thread &thread) override;

private:
  struct OfThread {
    explicit OfThread(Block &block) : open(&block.pool) {}
    Group open;
    std::deque<Group> committed;
  };
  OfThread &of(Thread &thread);

  std::vector<OfThread> threads;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_ASYNCCOPIES_H

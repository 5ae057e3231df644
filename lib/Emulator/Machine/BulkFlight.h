// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bulk copies on their way: what all forms of cp.async.bulk share.

#ifndef DREAMER_EMULATOR_MACHINE_BULKFLIGHT_H
#define DREAMER_EMULATOR_MACHINE_BULKFLIGHT_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/MBarrierState.h"

#include <deque>
#include <functional>
#include <map>

namespace dreamer::emulator {

/// A copy that a block's engine does. The bytes it reads and writes are checked when it is issued,
/// as accesses of the engine that has seen what the issuing thread has; from then until somebody
/// has waited for the copy they are in flight.
class BulkFlight : public InFlight {
public:
  BulkFlight(Thread &issuer, const Operation &operation);

  /// What it will do, said at issue. Atomic: it needs no order among other atomic ones.
  void touches(SharedAddress at, uint32_t count, Access kind);
  /// Likewise in global memory. False: these bytes cannot be touched (reported).
  bool touches(const std::byte *at, size_t count, Access kind);

  /// Moves the bytes.
  std::function<void()> move;
  /// Names the mbarrier that gets `bytes` when they have been moved; false: there is none.
  bool signal(SharedAddress mbarrier, uint32_t bytes);
  /// Moves the bytes and signals the mbarrier, if that has not happened yet.
  void complete();
  /// Its sources have been read, and somebody knows.
  void settleReads();
  /// Everything has been done, and somebody knows.
  void settle() override;
  /// A clock that has seen this copy, or only that it read its sources: what waits acquire.
  Clock clock(bool readsOnly) const;
  bool readsAreSettled() const { return readsSettled; }
  const Operation &operation;

private:
  friend void launchFlight(std::shared_ptr<BulkFlight> flight);
  struct SharedBytes {
    Block *block;
    uint32_t offset, count;
  };
  struct GlobalBytes {
    Allocation *allocation;
    size_t offset, count;
  };
  Accessor accessor(Access kind) const;

  Thread &issuer;
  Epoch reading, writing; ///< moments of the engine, in this order
  bool checking, moved = false, readsSettled = false, settled = false;
  SharedAddress mbarrier;
  uint32_t bytes = 0;
  Block *destination = nullptr; ///< whose shared memory it writes
  std::vector<SharedBytes> sharedReads, sharedWrites;
  std::vector<GlobalBytes> globalReads, globalWrites;
  std::weak_ptr<BulkFlight> self;
};

/// Hands the copy to the engine of the issuing thread's block.
void launchFlight(std::shared_ptr<BulkFlight> flight);

/// The bulk groups of a block's threads. PTX ISA 8.x, "cp.async.bulk.commit_group", "wait_group".
class BulkGroups : public BlockState {
public:
  void add(Thread &thread, std::shared_ptr<BulkFlight> flight);
  void commit(Thread &thread);
  /// Until at most `newest` groups are left; `readsOnly`: until they have read their sources.
  void wait(Thread &thread, size_t newest, bool readsOnly);
  void threadExits(Thread &thread) override;

private:
  using Group = std::vector<std::shared_ptr<BulkFlight>>;
  struct OfThread {
    Group open;
    std::deque<Group> committed;
  };
  std::map<unsigned, OfThread> threads; ///< by index in the block
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_BULKFLIGHT_H

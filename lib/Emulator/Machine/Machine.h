// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The parts of a GPU as kernels see it: threads in warps in blocks in clusters, and their shared
// memory. Who runs when is the worker's business (Worker.h).

#ifndef DREAMER_EMULATOR_MACHINE_MACHINE_H
#define DREAMER_EMULATOR_MACHINE_MACHINE_H

#include "lib/Emulator/Machine/Fiber.h"
#include "lib/Emulator/Machine/Launch.h"
#include "lib/Emulator/Machine/Operation.h"
#include "lib/Emulator/Machine/Shadow.h"
#include "lib/Emulator/Machine/SpecialRegisters.h"

#include <any>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace dreamer::emulator {

class Block;
class Cluster;
class Worker;
class GlobalMemory;
class Allocation;
class BlockMemory;

/// Address spaces of NVPTX.
enum class Space : uint8_t {
  Generic = 0,
  Global = 1,
  Shared = 3,
  Constant = 4,
  Local = 5,
  Cluster = 7
};

/// A place in the shared memory of a block of the cluster.
struct SharedAddress {
  Block *block = nullptr;
  uint32_t offset = 0;
};

/// One thread. Compiled code knows its address and reads the special registers in it.
class alignas(64) Thread : public SpecialRegisters {
public:
  Warp *warp = nullptr;
  Block *block = nullptr;
  /// What it waits in, or null when it can run, and the slots it came with.
  const Operation *waiting = nullptr;
  uint64_t *slots = nullptr;
  Fiber fiber;

  unsigned index = 0; ///< linear in its block
  bool exited = false;
  /// What it waits for, for reports of a deadlock: "mbarrier at shared byte 16, phase 1".
  std::string waitsFor;

  Clock clock;
  Clock published; ///< what is known to be published to the asynchronous proxy
  /// What the last fences made ready to be released by relaxed atomics, and what relaxed atomics
  /// have read that the next fence acquires: see Synchronization.h.
  Clock fencedInBlock, fencedWidely, toAcquire;
  /// Inits of mbarriers that the last fence.mbarrier_init made ready for the cluster, and those of
  /// others that are known by such fences alone.
  Clock fencedInits, knownInits;

  Agent agent() const;
  Epoch now() const { return Epoch(agent(), clock.of(index)); }
  /// Begins a new moment: after every release and acquire.
  void tick();
  /// Everything ordered before `other`'s owner's moment is ordered before this thread's next one.
  void acquire(const Clock &otherClock, const Clock &otherPublished);

  /// Suspends until wake(). `what` is what reports of a deadlock say.
  void wait(const Operation &operation, std::string what);
  /// The same, for who keeps the text elsewhere.
  void wait(const Operation &operation);
  void wake();
  /// Lets others run first: it waits for a change in memory that nobody announces.
  void yield();

  /// The host's memory behind an address in `slot`, after the checks: always `count` bytes that may
  /// be touched (scratch bytes, when a check found a fault). `alignment` in bytes, a power of two.
  std::byte *access(Space space, uint64_t slot, size_t count, Access kind,
                    const Operation &operation, size_t alignment = 1,
                    Proxy proxy = Proxy::Generic) {
    return accessFrom(space, slot, count, kind, operation.site, alignment, proxy);
  }
  /// The same for an instruction that is no operation.
  std::byte *accessFrom(Space space, uint64_t slot, size_t count, Access kind, const Site &site,
                        size_t alignment, Proxy proxy);
  /// Where a shared (space 3) or cluster (7) pointer points, or a generic one into shared memory;
  /// nothing (and reported) when it is outside or not `count` bytes long.
  std::optional<SharedAddress> sharedAddress(uint64_t slot, size_t count,
                                             const Operation &operation, size_t alignment = 1) {
    return sharedAddress(slot, count, operation.site, alignment);
  }
  std::optional<SharedAddress> sharedAddress(uint64_t slot, size_t count, const Site &site,
                                             size_t alignment = 1);
  void report(Check check, const Operation &operation, std::string message,
              std::string_view kind = "");
  void report(Check check, const Site &site, std::string message, std::string_view kind = "");

private:
  /// accessFrom() for all but the block's own shared memory, and for faults.
  std::byte *accessElsewhere(Space space, uint64_t slot, size_t count, Access kind,
                             const Site &site, size_t alignment, Proxy proxy);
  /// Checks an access to bytes that there are.
  std::byte *accessShared(SharedAddress address, size_t count, Access kind, const Site &site,
                          Proxy proxy);
};

/// Checks an access of `who`, on behalf of `thread`, to global memory, and notes it. Gives the
/// allocation, or null (reported) when the bytes cannot be touched at all.
Allocation *checkGlobal(Thread &thread, const std::byte *pointer, size_t count, Access kind,
                        const Site &site, const Accessor &who);

class Warp {
public:
  Block *block = nullptr;
  unsigned index = 0;
  uint32_t alive = 0, runnable = 0, arrived = 0;
  Thread *lanes = nullptr; ///< 32 of them, or fewer in a block's last warp

  Thread &lane(unsigned i) { return lanes[i]; }
  /// The four warps from a multiple of four on.
  unsigned group() const { return index / 4; }
};

/// A copy, or the reading of operands, that an engine does some time after it was asked to.
class Transfer {
public:
  virtual ~Transfer() = default;
  /// Does it; called once, on the worker that runs the block.
  virtual void complete(Block &block) = 0;
};

/// State that one kind of operation keeps for a block (barriers, mbarriers, groups of copies):
/// made when first asked for, gone with the block.
class BlockState {
public:
  virtual ~BlockState() = default;
  /// A thread ends; reports what it leaves behind.
  virtual void threadExits(Thread &thread) {}
  /// All threads have ended.
  virtual void blockEnds(Block &block) {}
};

class Block {
public:
  Block(Worker &worker, Cluster &cluster, uint32_t rank);
  ~Block();

  Worker &worker;
  Cluster &cluster;
  const LaunchOptions &options;
  uint32_t rank;                      ///< in the cluster
  uint32_t linear = 0;                ///< in the grid
  Dim3 index{};                       ///< in the grid
  std::unique_ptr<BlockMemory> space; ///< shared memory and stacks; the next block takes them over
  std::byte *memory = nullptr;        ///< shared memory, aligned to sharedWindow
  uint32_t memoryBytes = 0;           ///< of it in use
  std::unique_ptr<Shadow> shadow;     ///< of shared memory; null without checks
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  uint32_t runnableWarps = 0; ///< bit i: warp i has a thread that can run
  unsigned live = 0;          ///< threads that have not ended
  uint32_t engineTime = 0;    ///< moments of the block's copy engine, see engine()

  bool checking() const { return shadow != nullptr; }
  /// The agent that does bulk copies for this block.
  Agent engine() const { return {linear, uint32_t(threads.size())}; }
  size_t agents() const { return threads.size() + 1; }

  /// Hands a transfer to the engine. Eager: it is done at once; lazy: as late as allowed, in order
  /// or, with a seed, in any order.
  void start(std::unique_ptr<Transfer> transfer);
  /// Transfers not done yet.
  std::deque<std::unique_ptr<Transfer>> transfers;

  template <typename State>
  State &state() {
    std::unique_ptr<BlockState> &slot = states[&keyOf<State>];
    if (!slot)
      slot = std::make_unique<State>();
    return static_cast<State &>(*slot);
  }
  template <typename State>
  State *existingState() {
    auto found = states.find(&keyOf<State>);
    return found == states.end() ? nullptr : static_cast<State *>(found->second.get());
  }

  /// Tells a conflict in this block's shared memory as a finding.
  void report(const Conflict &conflict, Thread *thread, const Site &site, Access kind);
  void report(Check check, Thread *thread, const Site &site, std::string message,
              std::string_view kind = "");

private:
  friend class Worker;
  template <typename State>
  static inline const char keyOf = 0;
  std::map<const void *, std::unique_ptr<BlockState>> states;
};

inline std::byte *Thread::accessShared(SharedAddress address, size_t count, Access kind,
                                       const Site &site, Proxy proxy) {
  Block &owner = *address.block;
  if (owner.checking()) {
    Accessor who{now(), clock, &published, proxy};
    Conflict conflict = owner.shadow->access(address.offset, count, kind, who);
    if (conflict.kind != Conflict::None) [[unlikely]]
      owner.report(conflict, this, site, kind);
  }
  return owner.memory + address.offset;
}

inline std::byte *Thread::accessFrom(Space space, uint64_t slot, size_t count, Access kind,
                                     const Site &site, size_t alignment, Proxy proxy) {
  // Most of what kernels of matrices do.
  if (space == Space::Shared && slot < block->memoryBytes && count <= block->memoryBytes - slot &&
      (slot & (alignment - 1)) == 0)
    return accessShared({block, uint32_t(slot)}, count, kind, site, proxy);
  return accessElsewhere(space, slot, count, kind, site, alignment, proxy);
}

/// Blocks that reach each other's shared memory and run at the same time.
class Cluster {
public:
  std::vector<std::unique_ptr<Block>> blocks; ///< by rank
  uint32_t linear = 0;                        ///< in the grid
  Dim3 index{};
  unsigned live = 0; ///< blocks that have not ended
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_MACHINE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// One thread of the host, which runs clusters of blocks: it decides who goes on.

#ifndef DREAMER_EMULATOR_MACHINE_WORKER_H
#define DREAMER_EMULATOR_MACHINE_WORKER_H

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Synchronization.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace dreamer::emulator {

/// What the workers of one launch share.
struct LaunchState {
  const Kernel &kernel;
  const Grid &grid;
  void *const *arguments;
  GlobalMemory &memory;
  const LaunchOptions &options;
  Reports &reports;
  std::atomic<uint64_t> nextCluster{0};
  Synchronization synchronization = {};
  std::atomic<bool> abandoned{false}; ///< a deadlock or hang was found: all stop
  /// Workers that run, and those of them whose threads have only spun for long.
  std::atomic<unsigned> activeWorkers{0}, spinningWorkers{0};

  uint32_t sharedBytes() const { return kernel.dynamicSharedOffset + grid.dynamicSharedBytes; }
  uint64_t clusters() const;
  unsigned blocksInCluster() const { return grid.cluster[0] * grid.cluster[1] * grid.cluster[2]; }
  unsigned threadsInBlock() const { return grid.threads[0] * grid.threads[1] * grid.threads[2]; }
};

class alignas(128) Worker { // apart from other workers
public:
  explicit Worker(LaunchState &launch);
  ~Worker();
  Worker(const Worker &) = delete;
  Worker &operator=(const Worker &) = delete;

  /// Runs clusters until none is left.
  void run();

  LaunchState &launch;
  LaunchCounts counts;

  /// Where faulty accesses of a thread go instead.
  std::byte *scratch() { return scratchBytes.data(); }
  static constexpr size_t scratchSize = 4096;

  // What threads of this worker call, on their own fibers.

  /// Goes on with another thread; returns when the running one is chosen again.
  void suspend() {
    Warp &warp = *current->warp;
    if (inOrder && warp.runnable && !launch.abandoned.load(std::memory_order_relaxed))
      switchTo(warp.lane(__builtin_ctz(warp.runnable)));
    else
      suspendFromWarp();
  }
  /// The running thread lets others go first, as it spins.
  void yieldNow();
  /// The running thread has used up its fuel in a loop.
  void loopWithoutEnd(Thread &thread);
  /// The running thread never goes on.
  [[noreturn]] void abandon();
  /// The running thread ends.
  [[noreturn]] void exitThread(Thread &thread);
  uint64_t random();
  /// The block of this worker whose shared memory holds the address, or null.
  Block *blockAt(const void *address) const;
  bool onStack(const void *address) const;

  static constexpr int32_t fuelOfThread = 1 << 16;

private:
  friend Thread *currentThread();
  static void threadMain();

  void suspendFromWarp();
  bool admit(); ///< the next cluster begins; false: there is none
  void retire(Block &block);
  void begin(Block &block, std::unique_ptr<BlockMemory> memory);
  /// The next thread to run: of the running one's warp and block before others, or at random.
  Thread *choose();
  /// The next runnable thread after the running one, round all blocks.
  Thread *chooseAfter();
  /// Does one asynchronous transfer of a block that has some; false: there is none.
  bool completeTransfer(bool any);
  void completeTransferOf(Block &block);
  /// A thread has ended: what spun may not spin for ever.
  void progress();
  Site currentSite() const;
  void reportDeadlock();
  void switchTo(Thread &next) {
    Thread &from = *current;
    if (&next == &from)
      return;
    ++counts.switches;
    current = &next;
    from.fiber.switchTo(next.fiber);
  }
  void leaveFiber(); ///< back to run()

  std::vector<std::unique_ptr<Cluster>> resident;
  std::vector<Block *> blocks; ///< of the resident clusters, those that have not ended
  Thread *current = nullptr;
  Fiber mainFiber;
  const bool inOrder; ///< nothing is left to a seed
  uint64_t randomState = 0;
  uint64_t idleYields = 0;
  bool spinning = false;
  bool none = false; ///< no cluster is left to admit
  std::vector<std::byte> scratchBytes;
};

/// The thread of the machine that the calling thread of the host runs now.
Thread *currentThread();

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_WORKER_H

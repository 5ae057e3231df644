// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What warps keep of wgmma that was issued and not waited for. Results are there at once, as they
// are values of a program, not registers; what kernels must wait for is checked instead.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPMMA_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPMMA_H

#include "lib/Emulator/Machine/Machine.h"

#include <deque>
#include <span>
#include <vector>

namespace dreamer::emulator {

/// Whether the thread's warp has issued one of these wgmma.mma_async and not yet waited for it: its
/// results may not be touched then, but by wgmma.mma_async of the same shape. Checked runs only.
bool accumulatorsPending(Thread &thread, std::span<const Operation *const> writers);

/// Bytes of shared memory.
struct ByteRange {
  uint32_t begin = 0, count = 0;
};

/// A wgmma-group: PTX ISA 8.x, section "wgmma.commit_group".
struct WarpgroupMmaGroup {
  std::vector<const Operation *> writers;
  /// Reads under way, pinned in the block's shadow, and the moment at which they were noted.
  struct Read {
    ByteRange range;
    Epoch noted;
  };
  std::vector<Read> reads;
  bool empty() const { return writers.empty(); }
};

class WarpgroupMmaState final : public BlockState {
public:
  struct OfWarp {
    bool fenced = false;           ///< a wgmma.fence was executed
    bool waitedSinceFence = false; ///< and then its accumulators may have been touched
    WarpgroupMmaGroup open;
    std::deque<WarpgroupMmaGroup> committed; ///< oldest first
  };
  struct OfWarpgroup {
    unsigned arrived = 0; ///< threads, at a wgmma.mma_async
    /// Digests of the accumulators that wgmma left since the last fence.
    std::vector<uint64_t> results;
  };

  OfWarp &of(const Warp &warp);
  OfWarpgroup &ofGroup(const Warp &warp);

  void fence(Warp &warp);
  void commit(Warp &warp);
  /// Waits for all groups but the `pending` newest.
  void wait(Warp &warp, size_t pending);
  void threadExits(Thread &thread) override;

private:
  void release(Warp &warp, const WarpgroupMmaGroup &group);

  std::vector<OfWarp> warps;
  std::vector<OfWarpgroup> groups;
};

/// fence, commit_group and wait_group.
std::unique_ptr<Operation> makeWarpgroupOrder(const Instruction &instruction);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPMMA_H

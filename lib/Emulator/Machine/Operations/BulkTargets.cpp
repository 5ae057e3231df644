// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Operations/BulkTargets.h"

namespace dreamer::emulator {

std::vector<BulkTarget> bulkTargets(Thread &thread, uint64_t to, uint64_t bytes, uint32_t alignment,
                                    uint64_t mbarrier, std::optional<uint16_t> mask,
                                    const Operation &operation) {
  std::optional<SharedAddress> first = thread.sharedAddress(to, bytes, operation, alignment);
  std::optional<SharedAddress> object = thread.sharedAddress(mbarrier, 8, operation, 8);
  if (!first || !object)
    return {};
  std::vector<BulkTarget> targets;
  if (!mask) {
    if (first->block != object->block)
      thread.report(Check::Operand, operation,
                    "expected the mbarrier in the block that is copied to, which has rank " +
                        std::to_string(first->block->rank) + ", found it in that of rank " +
                        std::to_string(object->block->rank),
                    "mbarrier");
    else
      targets.push_back({*first, *object});
    return targets;
  }
  const auto &blocks = thread.block->cluster.blocks;
  if (*mask == 0 || *mask >> blocks.size())
    thread.report(Check::Operand, operation,
                  "expected a multicast mask of blocks of the cluster, which has " +
                      std::to_string(blocks.size()) + ", found " + std::to_string(*mask),
                  "mask");
  for (size_t rank = 0; rank < blocks.size(); ++rank) {
    if (!(*mask >> rank & 1))
      continue;
    Block *block = blocks[rank].get();
    if (block->live == 0)
      thread.report(Check::Exit, operation,
                    "multicast to block " + std::to_string(rank) +
                        " of the cluster, which has ended",
                    "ended");
    else
      targets.push_back({{block, first->offset}, {block, object->offset}});
  }
  return targets;
}

std::optional<SharedAddress> ownShared(Thread &thread, uint64_t slot, uint64_t bytes,
                                       uint32_t alignment, const Operation &operation) {
  std::optional<SharedAddress> at = thread.sharedAddress(slot, bytes, operation, alignment);
  if (at && at->block != thread.block) {
    thread.report(Check::Operand, operation,
                  "expected a source in the own block's shared memory, found another block's",
                  "source");
    return std::nullopt;
  }
  return at;
}

} // namespace dreamer::emulator

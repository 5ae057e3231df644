// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What operations that copy in bulk share.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_BULKTARGETS_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_BULKTARGETS_H

#include "lib/Emulator/Machine/Machine.h"

#include <optional>
#include <vector>

namespace dreamer::emulator {

/// Where one block's copy goes and whom it tells.
struct BulkTarget {
  SharedAddress to, mbarrier;
};

/// The targets of a copy into shared memory. With a mask: the blocks of the cluster that it names,
/// each at the same offsets. Empty (reported) when there is something wrong.
std::vector<BulkTarget> bulkTargets(Thread &thread, uint64_t to, uint64_t bytes, uint32_t alignment,
                                    uint64_t mbarrier, std::optional<uint16_t> mask,
                                    const Operation &operation);

/// A place in the own block's shared memory; nothing (reported) when it is none.
std::optional<SharedAddress> ownShared(Thread &thread, uint64_t slot, uint64_t bytes,
                                       uint32_t alignment, const Operation &operation);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_BULKTARGETS_H

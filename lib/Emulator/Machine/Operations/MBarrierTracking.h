// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What operations on mbarrier objects share.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_MBARRIERTRACKING_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_MBARRIERTRACKING_H

#include "lib/Emulator/Machine/Machine.h"

namespace dreamer::emulator {

/// Where the object is that `slot` points to; nothing (reported) when it can be none.
std::optional<SharedAddress> objectAt(Thread &thread, uint64_t slot, bool remote,
                                      const Operation &operation);

/// A count of bytes, 0 to 2^20 - 1; others are reported and cut off.
int32_t checkedBytes(Thread &thread, uint64_t slot, const Operation &operation);

/// cp.async.mbarrier.arrive, or null.
std::unique_ptr<Operation> makeMBarrierTracking(const Instruction &instruction);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_MBARRIERTRACKING_H

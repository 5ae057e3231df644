// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The functions that rewritten code calls. Code finds them by name, so they have C's linkage.

#ifndef DREAMER_EMULATOR_REWRITE_RUNTIME_H
#define DREAMER_EMULATOR_REWRITE_RUNTIME_H

#include "lib/Emulator/Machine/Machine.h"

#include <span>
#include <utility>

namespace dreamer::emulator {

/// How an access is described to the functions below: bits of one word.
struct AccessWord {
  Access kind = Access::Read;
  uint8_t ordering = 0, scope = 0; ///< of atomics: Ordering and Scope of Synchronization.h
  uint8_t space = 0;               ///< of the pointer
  uint8_t alignmentLog2 = 0;
  uint32_t pack() const {
    return uint32_t(kind) | ordering << 4 | scope << 8 | space << 12 | alignmentLog2 << 16;
  }
  static AccessWord unpack(uint32_t word) {
    auto field = [&](unsigned at) { return uint8_t(word >> at & 0xf); };
    return {Access(field(0)), field(4), field(8), field(12), field(16)};
  }
};

/// Names and addresses of all of them.
std::span<const std::pair<const char *, void *>> runtimeFunctions();

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_RUNTIME_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The order in which bulk tensor copies and wgmma lay out 16-byte pieces of shared memory, so that
// a column of them touches all banks.

#ifndef DREAMER_EMULATOR_MACHINE_SWIZZLE_H
#define DREAMER_EMULATOR_MACHINE_SWIZZLE_H

#include <cstdint>

namespace dreamer::emulator {

/// Named by the bytes of a row within which pieces change places.
enum class SwizzleMode : uint8_t { None = 0, Bytes32 = 1, Bytes64 = 2, Bytes128 = 3 };

/// Bytes of a row within which pieces change places; 16 without swizzle, as a row is one piece then.
constexpr uint32_t swizzleBytes(SwizzleMode mode) { return 16u << uint32_t(mode); }

/// After so many bytes the pattern repeats: eight rows of 16-byte pieces, 128 bytes or more.
constexpr uint32_t swizzlePeriod(SwizzleMode mode) {
  return mode == SwizzleMode::None ? 16 : 8 * swizzleBytes(mode);
}

/// Where the byte lies that would be at `offset` without swizzle. Bits 4.. (which piece of the row)
/// are combined with as many bits from bit 7 on (which line of 128 bytes): it is the address in
/// shared memory that counts, not the distance from the tile's beginning. PTX ISA 8.x, section
/// "Tensor Swizzling Modes"; not yet checked on hardware.
constexpr uint32_t swizzled(uint32_t offset, SwizzleMode mode) {
  uint32_t mask = (1u << uint32_t(mode)) - 1;
  return offset ^ ((offset >> 7 & mask) << 4);
}

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_SWIZZLE_H

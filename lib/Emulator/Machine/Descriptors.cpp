// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Descriptors.h"

namespace dreamer::emulator {

/// Addresses and offsets are told without their low four bits.
static constexpr uint32_t field(uint64_t bits, unsigned at) {
  return uint32_t(bits >> at & 0x3fff) << 4;
}

static constexpr uint64_t reservedBits =
    uint64_t(3) << 14 | uint64_t(3) << 30 | uint64_t(7) << 46 | uint64_t(0x3ff) << 52;

MatrixDescriptor::MatrixDescriptor(uint64_t bits)
    : start(field(bits, 0)), leading(field(bits, 16)), stride(field(bits, 32)),
      base(uint32_t(bits >> 49 & 7) << 7), reserved(bits & reservedBits) {
  constexpr SwizzleMode modes[] = {SwizzleMode::None, SwizzleMode::Bytes128, SwizzleMode::Bytes64,
                                   SwizzleMode::Bytes32};
  mode = modes[bits >> 62];
}

/// The swizzle goes by the address in shared memory, from where the pattern begins; addresses have
/// 18 bits.
uint32_t MatrixDescriptor::placed(uint32_t address) const {
  return (swizzled(address - base, mode) + base) & 0x3ffff;
}

uint32_t MatrixDescriptor::pieceOfRow(unsigned row, unsigned piece) const {
  uint32_t blocks = start + row / 8 * stride;
  if (mode == SwizzleMode::None)
    return placed(blocks + row % 8 * 16 + piece * leading);
  return placed(blocks + row % 8 * swizzleBytes(mode) + piece * 16);
}

uint32_t MatrixDescriptor::pieceOfColumn(unsigned piece, unsigned k) const {
  if (mode == SwizzleMode::None)
    return placed(start + piece * stride + k / 8 * leading + k % 8 * 16);
  unsigned inLine = swizzleBytes(mode) / 16;
  return placed(start + piece / inLine * leading + piece % inLine * 16 + k / 8 * stride +
                k % 8 * swizzleBytes(mode));
}

} // namespace dreamer::emulator

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How wgmma finds its operands in shared memory.

#ifndef DREAMER_EMULATOR_MACHINE_DESCRIPTORS_H
#define DREAMER_EMULATOR_MACHINE_DESCRIPTORS_H

#include "lib/Emulator/Machine/Swizzle.h"

#include <cstdint>

namespace dreamer::emulator {

/// PTX ISA 8.x, section "Matrix Descriptor Format" of wgmma; all in bytes.
struct MatrixDescriptor {
  explicit MatrixDescriptor(uint64_t bits);

  uint32_t start;
  uint32_t leading; ///< "leading dimension byte offset"
  uint32_t stride;  ///< "stride dimension byte offset"
  uint32_t base;    ///< of the swizzle's pattern, where that is not aligned to its period
  SwizzleMode mode;
  bool reserved; ///< bits are set that mean nothing

  // An operand is made of pieces: 16 bytes that lie side by side in every layout. Below are the
  // layouts of PTX ISA 8.x, sections "Shared Memory Matrix Layout" and "Strides"; "row" stands for
  // m of A and n of B. The result is an offset in shared memory. Not yet checked on hardware.

  /// K-major: piece 0 or 1 of a row, as all shapes are 32 bytes deep. Without swizzle eight rows of
  /// one piece make a block of 128 bytes; blocks are `leading` bytes apart along k and `stride`
  /// along rows. With swizzle a row is as long as the pattern, and eight of them are a block.
  uint32_t pieceOfRow(unsigned row, unsigned piece) const;

  /// MN-major: the piece of rows from `piece` * (16 bytes of elements) on, at one k. Without swizzle
  /// eight k of one piece make a block of 128 bytes; blocks are `stride` bytes apart along rows and
  /// `leading` along k. With swizzle a line holds one k of as many rows as the pattern is long,
  /// eight lines make a block; blocks are `leading` bytes apart along rows and `stride` along k.
  uint32_t pieceOfColumn(unsigned piece, unsigned k) const;

private:
  uint32_t placed(uint32_t address) const;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_DESCRIPTORS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reading wgmma's operands out of shared memory.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPOPERANDS_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPOPERANDS_H

#include "lib/Emulator/Machine/Descriptors.h"
#include "lib/Emulator/Machine/Operations/WarpgroupMma.h"

#include <array>
#include <vector>

namespace dreamer::emulator {

/// A set of 16-byte pieces of shared memory.
class PieceSet {
public:
  void insert(uint32_t address) { bits[address >> 10] |= uint64_t(1) << (address >> 4 & 63); }
  /// Its pieces in order, neighbours joined.
  std::vector<ByteRange> ranges() const;

private:
  std::array<uint64_t, sharedWindow / 16 / 64> bits{};
};

/// A or B in shared memory.
struct WarpgroupOperand {
  MatrixDescriptor at;
  unsigned rows; ///< m of A, n of B
  bool isMnMajor;

  /// Copies it, 32 bytes a row; MN-major ones (16-bit elements) with k as their rows, 16 of them.
  /// `touched`, if any, gets the pieces, those of each 16 rows' in a set of its own when `perWarp`.
  /// False: it reaches out of the block's memory; zeros stand for what is there.
  bool read(const Block &block, uint32_t *words, PieceSet *touched, bool perWarp) const;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPOPERANDS_H

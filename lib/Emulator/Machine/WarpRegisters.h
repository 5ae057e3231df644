// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Between the registers of a warp's 32 lanes and matrices in plain arrays: Fragments.h in bulk.

#ifndef DREAMER_EMULATOR_MACHINE_WARPREGISTERS_H
#define DREAMER_EMULATOR_MACHINE_WARPREGISTERS_H

#include <cstdint>

namespace dreamer::emulator {

class Warp;

/// The slots of a warp's lanes, from some operand on.
struct LaneSlots {
  explicit LaneSlots(Warp &warp);
  uint64_t *of[32];
  /// From `operands` later on.
  LaneSlots operator+(unsigned operands) const;

private:
  LaneSlots() = default;
};

// Matrices of words: 32-bit registers as they are, so that one routine serves all formats. A row of
// the matrix is a row of A, of C and D, or a column of B, and has four words for each block of
// eight rows' registers.

/// A with `rows` rows (placeInA), or with rows = 8 the columns of B (placeInB), or C with two
/// elements a register (placeInAccumulator): register r of a lane is word lane % 4 + 4 (r / blocks)
/// of row lane / 4 + 8 (r % blocks).
void gatherWords(const LaneSlots &lanes, unsigned rows, unsigned registers, uint32_t *words);
void scatterWords(const LaneSlots &lanes, unsigned rows, unsigned registers, const uint32_t *words);

/// C and D with one element of 32 bits a register (placeInAccumulator): rows of `columns` words.
void gatherAccumulator(const LaneSlots &lanes, unsigned rows, unsigned columns, uint32_t *words);
void scatterAccumulator(const LaneSlots &lanes, unsigned rows, unsigned columns,
                        const uint32_t *words);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_WARPREGISTERS_H

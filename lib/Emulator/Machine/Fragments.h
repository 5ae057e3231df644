// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Who holds what of the matrices that a warp's registers hold together. Closed formulas from the
// PTX ISA; not yet checked on hardware.

#ifndef DREAMER_EMULATOR_MACHINE_FRAGMENTS_H
#define DREAMER_EMULATOR_MACHINE_FRAGMENTS_H

namespace dreamer::emulator {

/// An element of a matrix: of A (row m, column k), of B (row k, column n) or of C and D (m, n).
struct Place {
  unsigned row, column;
  friend bool operator==(Place, Place) = default;
};

// PTX ISA 8.x, sections "Matrix Fragments for mma.m16n8k16" and its siblings: they are one scheme,
// told apart by how many elements a register holds (`packed`: 32 bits by an element's bits, 1 for
// f64). Rows come in blocks of eight, so that a register belongs to the row lane / 4 of a block,
// and the four lanes of that row hold four registers' worth of consecutive elements.

/// A of mma with 16 rows (or 8), and of wgmma in registers, counting rows from the warp's first.
constexpr Place placeInA(unsigned rows, unsigned packed, unsigned lane, unsigned reg,
                         unsigned part) {
  unsigned blocks = rows / 8;
  return {lane / 4 + 8 * (reg % blocks), (lane % 4 + 4 * (reg / blocks)) * packed + part};
}

/// B of mma.
constexpr Place placeInB(unsigned packed, unsigned lane, unsigned reg, unsigned part) {
  return {(lane % 4 + 4 * reg) * packed + part, lane / 4};
}

/// C and D of mma with 16 rows (or 8) of f32, s32 and f64 (`packed` 1), or f16 (`packed` 2); of
/// wgmma as well (section "Register Fragments" of wgmma.mma_async), counting rows from the warp's
/// first.
constexpr Place placeInAccumulator(unsigned rows, unsigned packed, unsigned lane, unsigned reg,
                                   unsigned part) {
  unsigned element = reg * packed + part, blocks = rows / 8;
  return {lane / 4 + 8 * (element / 2 % blocks),
          8 * (element / 2 / blocks) + lane % 4 * 2 + element % 2};
}

/// An 8x8 matrix of 16-bit elements in one register: ldmatrix, stmatrix, movmatrix.
constexpr Place placeIn8x8(unsigned lane, unsigned part) { return {lane / 4, lane % 4 * 2 + part}; }

// PTX ISA 8.x, section "Matrix Fragments for mma.m8n8k4 with .f16": four products at a time, one
// for each pair of quads: lanes 4i..4i+3 and 4i+16..4i+19 work on the product i.

/// Elements 0..3 of A: of a lane's row, or of its column when A is column-major.
constexpr Place placeInQuadA(bool columnMajor, unsigned lane, unsigned element) {
  unsigned upper = lane / 16 * 4;
  return columnMajor ? Place{element % 4 + upper, lane % 4} : Place{lane % 4 + upper, element};
}

/// Elements 0..3 of B: of a lane's column, or of its row when B is row-major.
constexpr Place placeInQuadB(bool columnMajor, unsigned lane, unsigned element) {
  unsigned upper = lane / 16 * 4;
  return columnMajor ? Place{element, lane % 4 + upper} : Place{lane % 4, element + upper};
}

/// Elements 0..7 of C and D.
constexpr Place placeInQuadAccumulator(bool half, unsigned lane, unsigned element) {
  unsigned upper = lane / 16 * 4;
  if (half)
    return {lane % 4 + upper, element};
  return {(lane & 1) + (element & 2) + upper, (element & 4) + (lane & 2) + (element & 1)};
}

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_FRAGMENTS_H

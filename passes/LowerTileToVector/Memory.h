// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Access to places, with what is not there reading 0 and not being written.

#ifndef DREAMER_PASSES_LOWERTILETOVECTOR_MEMORY_H
#define DREAMER_PASSES_LOWERTILETOVECTOR_MEMORY_H

#include "passes/LowerTileToVector/Lowering.h"

namespace dreamer::lowering {

/// A row of a place, as the kernel's code sees it.
struct Row {
  Val index;   ///< in the place; in the matrix, of gathered rows
  Val columns; ///< how many of its columns are there; 0 if the row is not
};
Row rowOf(Lowering &lowering, const Place &place, Val row);

/// Columns `column` .. `column + width` - 1 of a row; elements as they are (bf16 stays bf16).
Val loadVector(const Place &place, const Row &row, Val column, int64_t width);
void storeVector(const Place &place, const Row &row, Val column, Val value);

Val combine(tile::Combine how, Val a, Val b);

} // namespace dreamer::lowering

#endif // DREAMER_PASSES_LOWERTILETOVECTOR_MEMORY_H

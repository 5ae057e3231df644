// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors as rows of small matrices.

#ifndef DREAMER_KERNELS_SHUFFLE_H
#define DREAMER_KERNELS_SHUFFLE_H

#include "lib/Kernels/Emit.h"

namespace dreamer::kernels {

/// Transposes a square of vectors.
Vals transpose(Vals rows);

/// The sum of each row's lanes: lane i is that of row i. There are as many rows as lanes, or fewer; the lanes
/// beyond them are undefined.
Val sumRows(Vals rows);

/// Some of the lanes of `x`, side by side.
Val slice(Val x, int64_t first, int64_t lanes);

/// Lanes alternately from a and b, all of them.
Val interleave(Val a, Val b);

/// Pairs of bf16 as i32 lanes, and back.
Val pairsToLanes(Val pairs);
Val lanesToPairs(Val lanes);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_SHUFFLE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last columns of a product where they would leave most of a vector empty: its vectors go along the depth or along
// the rows instead.

#ifndef DREAMER_KERNELS_THINCOLUMNS_H
#define DREAMER_KERNELS_THINCOLUMNS_H

#include "lib/Kernels/Gemm.h"

namespace dreamer::kernels {

/// How many of `columns` are such, of factors of f32; 0 if they are not few, if there are no others, or if vectors cannot
/// have cheap masks.
int64_t thinColumns(const RegisterBlock &block, int64_t depth, int64_t columns);

/// In a kernel: the thin columns of c = a b, or of c += a b, for a [rows, depth] and b [depth, columns], or
/// [columns, depth] if `transposed`. Vectors go along the depth.
void multiplyThinAlongDepth(Kernel &kernel, const Panels &panels, Mem a, Mem b, bool transposed,
                            Mem c, bool accumulate);

/// The same for a [depth, rows] and b [depth, columns], all of f32. Vectors go along the rows.
void multiplyThinAlongRows(Kernel &kernel, const Panels &panels, Mem a, Mem b, Mem c,
                           bool accumulate);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_THINCOLUMNS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products with few rows: every weight is read once, along its rows, and not packed.

#ifndef DREAMER_KERNELS_DOT_H
#define DREAMER_KERNELS_DOT_H

#include "lib/Kernels/Kernel.h"

namespace dreamer::kernels {

/// Below so many rows a product in a loop reads its weights where they are.
inline constexpr int64_t fewRowsInLoop = 8;

/// Below so many rows the product of `op` reads `weight` where it is: packing pays in a loop, which does
/// it once, for fewer rows than elsewhere, and for still fewer where weights stay packed.
int64_t fewRowsOf(mlir::Operation *op, mlir::Value weight);

/// Reads a vector of `lanes` elements from k on.
using ReadVector = llvm::function_ref<Val(Val k, Lanes lanes)>;

/// Whether the target multiplies pairs of bf16 and all of these memories hold bf16. If so, what is read
/// from them stays bf16 from now on.
bool keepPairs(const Kernel &kernel, llvm::ArrayRef<Mem *> factors);

/// How many lanes the sums have that `laneSums` gives.
int64_t lanesOfSums(const Kernel &kernel, int64_t depth, bool pairs);

/// Sums over k in 0 .. depth-1 of left[i](k) * right[j](k), as [left][right] vectors whose lanes are still
/// to be summed. `pairs`: the elements are bf16, 32 in a vector.
Vals laneSums(Kernel &kernel, int64_t depth, llvm::ArrayRef<std::function<Val(Val, Lanes)>> left,
              llvm::ArrayRef<std::function<Val(Val, Lanes)>> right, bool pairs = false);

/// The same as scalars.
Vals dots(Kernel &kernel, int64_t depth, llvm::ArrayRef<std::function<Val(Val, Lanes)>> left,
          llvm::ArrayRef<std::function<Val(Val, Lanes)>> right, bool pairs = false);

/// Sum over k of left(k) * right(k).
Val dot(Kernel &kernel, int64_t depth, ReadVector left, ReadVector right);

/// In a kernel: columns `from` .. from+columns-1 of c = a b^T, or of c += that. Row 0 of `b` is for column `first` of `c`.
void multiplyByDots(Kernel &kernel, Mem a, Mem b, Mem c, bool accumulate, Val from, int64_t columns,
                    int64_t first = 0);

/// c[rows, columns] = a[rows, depth] b[columns, depth]^T, or c += that.
void launchDots(ScheduleBuilder &schedule, mlir::Value a, mlir::Value b, mlir::Value c,
                bool accumulate, int64_t rows, int64_t depth, int64_t columns);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_DOT_H

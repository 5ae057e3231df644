// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Factors of bf16 as products of pairs and tiles want them: right factors in panels of pairs of rows,
// left factors in rows, both padded with zeros. Sources give bf16 as it is.

#ifndef DREAMER_KERNELS_NARROWPACK_H
#define DREAMER_KERNELS_NARROWPACK_H

#include "lib/Kernels/Gemm.h"

namespace dreamer::kernels {

inline bool isNarrow(mlir::Value tensor) { return tensorType(tensor).getElementType().isBF16(); }

/// Packs rows `from` .. `to`-1 of one panel, both even: `source` gives B(k, column ...).
void packPairs(Kernel &kernel, const Panels &panels, Panel panel, Val from, Val to, Mem packed,
               Val base, llvm::function_ref<Val(Val k, Val column, Lanes lanes)> source);

/// Packs one panel of a matrix [depth, columns] at element `offset`, its rows `stride` elements apart.
void packPanelPairs(Kernel &kernel, const Panels &panels, Panel panel, Mem matrix, Val offset,
                    int64_t stride, Mem packed, Val base);

/// The same of the transpose of `matrix`, [columns, depth].
void packTransposedPairs(Kernel &kernel, const Panels &panels, Panel panel, Mem matrix, Val offset,
                         int64_t stride, Mem packed, Val base);

/// Copies `columns` elements of bf16 of a matrix, from `at` on, to row `row` of `to`, with zeros behind them; only
/// zeros unless `there`, though a row is read.
void copyRow(Kernel &kernel, Mem matrix, llvm::ArrayRef<Val> at, int64_t columns,
             std::optional<Val> there, Mem to, Val row);

/// Transposes 32 rows of 16 columns: `source` gives row i of the 32. The first `count` elements of the
/// first `rows` results go to rows of `to` from `row` on, from column `at` on.
void transposeRows(llvm::function_ref<Val(int64_t i)> source, Mem to, Val row, int64_t rows, Val at,
                   int64_t count);

/// In a kernel, a share of the transpose of `matrix` [depth, at least `rows`]: `to` [rows][depth], both
/// padded by less than a step.
Shares transposeShares(int64_t rows, int64_t depth);
void transposeShare(Kernel &kernel, const Shares &shares, Mem matrix, int64_t rows, Mem to);

/// The left-hand matrix A(m, k) of an operand [rows, depth], or [depth, rows] if `transposed`: memory of at
/// least [rows][depth], both padded; the operand's buffer where it is that.
mlir::Value prepareLeft(ScheduleBuilder &schedule, const RegisterBlock &block, mlir::Value operand,
                        bool transposed, int64_t rows, int64_t depth);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_NARROWPACK_H

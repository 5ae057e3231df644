// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products: C[m, n] = sum over k of A(m, k) B(k, n). A block of C, some rows by
// some vectors, stays in registers over the whole of k; A is read element by element
// and broadcast, in any layout; B is read from panels that were packed before.

#ifndef DREAMER_KERNELS_GEMM_H
#define DREAMER_KERNELS_GEMM_H

#include "lib/Kernels/Kernel.h"

namespace dreamer::kernels {

/// The block of C that is kept in registers.
struct RegisterBlock {
  int64_t rows;    ///< of C
  int64_t vectors; ///< across columns
  int64_t lanes;   ///< of a vector

  static RegisterBlock of(const KernelTarget &target);
  int64_t width() const { return vectors * lanes; }
};

/// A matrix B(depth, columns) in panels of `width` columns: panel p is [depth][width] and
/// holds columns p * width and on. The last panel is as narrow as whole vectors allow.
/// Columns that are not there are 0.
struct Panels {
  int64_t depth;
  int64_t columns;
  RegisterBlock block;

  int64_t width() const { return block.width(); }
  int64_t count() const { return ceilDiv(columns, width()); }
  /// Panels of full width, whose columns are all there.
  int64_t whole() const { return columns / width(); }
  /// Vectors of the last panel where it is not whole.
  int64_t tailVectors() const { return ceilDiv(columns % width(), block.lanes); }
  /// Elements of all panels.
  int64_t size() const { return depth * roundUp(columns, block.lanes); }
};

/// Where a panel lies and what is in it.
struct Panel {
  Val index;       ///< which one
  int64_t vectors; ///< how wide it is
  Lanes last;      ///< what is there of its last vector

  Lanes lanes(int64_t vector) const {
    return vector + 1 == vectors ? last : Lanes::all(last.width);
  }
};

/// Runs `body` for panels `from` .. `to`-1 of all.
void forPanels(Kernel &kernel, const Panels &panels, Val from, Val to,
               llvm::function_ref<void(Panel)> body);

/// The address in packed memory of vector `vector` of row k of a panel.
Val addressInPanel(const Panels &panels, Panel panel, Val k, int64_t vector);

/// Packs rows `from` .. `to`-1 of one panel: `source` gives B(k, column ...).
void packPanel(Kernel &kernel, const Panels &panels, Panel panel, Val from, Val to, Mem packed,
               Val base, llvm::function_ref<Val(Val k, Val column, Lanes lanes)> source);

/// Packs one panel of the transpose of `matrix`, [columns, depth] at element `offset`, its rows
/// `stride` elements apart.
void packTransposedPanel(Kernel &kernel, const Panels &panels, Panel panel, Mem matrix, Val offset,
                         int64_t stride, Mem packed, Val base);

/// Packs `count` matrices B, from an operand [count, depth, columns], or [count, columns, depth] if
/// `transposed`, into f32 memory of count * size elements.
mlir::Value preparePanels(ScheduleBuilder &schedule, const Panels &panels, int64_t count,
                          bool transposed, mlir::Value matrices);

/// The buffer of an operand, or where its elements are narrower than f32 memory with them as f32:
/// for left-hand matrices, which are read once for every panel.
mlir::Value prepareWide(ScheduleBuilder &schedule, mlir::Value operand);

/// Packs the left-hand matrix A(m, k), an operand [depth, rows], in runs of a register block's
/// rows: memory of [rows / block rows][depth][block rows].
mlir::Value prepareRuns(ScheduleBuilder &schedule, mlir::Value matrix, int64_t depth, int64_t rows);

/// Reads A(row, k), a scalar.
using ReadA = llvm::function_ref<Val(Val row, Val k)>;
/// Takes a vector of C at its row and first column.
using StoreC = llvm::function_ref<void(Val row, Val column, Val value, Lanes lanes)>;

/// Told where each cache line of a block of C begins, before the block is computed. Null: nobody
/// wants to know.
using BeginC = llvm::function_ref<void(Val row, Val column)>;

/// Rows of C, a run of them known when the kernel runs. `remainder` of the last run:
/// how many rows are left over by whole blocks, where that can happen.
struct RowRange {
  Val from, to;
  int64_t end = -1; ///< the static number of all rows, -1: from .. to is whole blocks
};

/// C over `rows` and panels `panelFrom` .. `panelTo`-1, summed over k in `from` .. `to`-1.
/// The panels begin at element `base` of `packed`.
void multiply(Kernel &kernel, const Panels &panels, Mem packed, Val base, RowRange rows,
              Val panelFrom, Val panelTo, Val from, Val to, ReadA a, StoreC store,
              BeginC begin = {});

/// How the blocks of C are given to tasks.
struct Tiles {
  int64_t rows;        ///< of C
  int64_t panels;      ///< of B
  int64_t rowsPerTask; ///< a multiple of the register block's rows
  int64_t panelsPerTask;

  static Tiles of(int64_t rows, const Panels &panels);
  int64_t rowTiles() const { return ceilDiv(rows, rowsPerTask); }
  int64_t panelTiles() const { return ceilDiv(panels, panelsPerTask); }
  int64_t tasks() const { return rowTiles() * panelTiles(); }
};

/// Tile `tile` of C, summed over k in `from` .. `to`-1.
void multiplyTile(Kernel &kernel, const Panels &panels, const Tiles &tiles, Val tile, Mem packed,
                  Val base, Val from, Val to, ReadA a, StoreC store, BeginC begin = {});

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_GEMM_H

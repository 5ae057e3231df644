// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products as tile programs: C[m, n] = sum over k of A(m, k) B(k, n). A block of C, some rows by
// some vectors, stays in registers over the whole of k; A is read where it lies; B is read from panels
// that were packed before, or where it lies. What becomes of a block is the epilogue's.

#ifndef DREAMER_KERNELS_GEMM_H
#define DREAMER_KERNELS_GEMM_H

#include "lib/Kernels/Kernel.h"
#include "lib/Kernels/TileEmit.h"
#include "lib/Kernels/Tuning.h"
#include <algorithm>
#include <optional>

namespace dreamer::kernels {

/// The block of C that is kept in registers, and what multiplies.
struct RegisterBlock {
  int64_t rows;                                      ///< of C
  int64_t vectors;                                   ///< across columns
  int64_t lanes;                                     ///< of a vector
  NarrowProducts products = NarrowProducts::widened; ///< else both factors are bf16, as they are

  /// `narrow`: both factors are bf16.
  static RegisterBlock of(const KernelTarget &target, bool narrow = false);
  /// As the operation's parameters say, where it has some; those of `narrow` factors are fixed.
  static RegisterBlock of(const ScheduleBuilder &schedule, bool narrow = false);
  /// The same, but as few blocks as registers allow, of like sizes, since each reads the right factor once.
  RegisterBlock tall(int64_t rows) const;
  /// As many accumulators in panels of like widths, no more of them than needed: 64 columns are not 48 and 16. For pairs.
  RegisterBlock forColumns(int64_t columns) const;
  /// That for few rows.
  RegisterBlock forRows(int64_t rows) const;
  int64_t width() const { return vectors * lanes; }
  bool narrow() const { return products != NarrowProducts::widened; }
  /// Factors in memory have a depth that is a multiple of this, with zeros where nothing is.
  int64_t depthStep() const;
  /// The same for rows of left factors.
  int64_t rowStep() const { return products == NarrowProducts::tiles ? 16 : 1; }
  int64_t paddedDepth(int64_t depth) const { return roundUp(depth, depthStep()); }
  /// Thousands of FLOPs in a task: 15 to 30 us of work, far above what handing it out costs.
  int64_t usualTaskWork() const;
  /// Parts of a sum whose factors stay in the first-level cache.
  int64_t usualDepthChunk() const { return narrow() ? 512 : 384; }
  /// Bytes of an element of a factor.
  int64_t factorBytes() const { return narrow() ? 2 : 4; }
  mlir::Type factorType(mlir::Builder &builder) const {
    return narrow() ? mlir::Type(builder.getBF16Type()) : builder.getF32Type();
  }
};

/// A matrix B(depth, columns) in panels of `width` columns: panel p holds columns p * width and on.
/// Memory of f32 [count][depth][width]; or of bf16 in pairs of rows, [count][depth / 2][width][2], the
/// depth padded. Columns that are not there are 0 up to a whole vector (for tiles, up to the panel's
/// width) and have undefined contents from there on.
struct Panels {
  int64_t depth;
  int64_t columns;
  RegisterBlock block;
  /// The memory is B itself, f32 [depth][columns]: a panel's rows lie apart, and only what is there may be read.
  bool inPlace = false;
  /// Blocks of a last panel may be halves of vectors wide: nobody looks at columns that are not there.
  bool halves = false;
  /// Columns of B after those of the panels, which are multiplied otherwise (ThinColumns.h).
  int64_t thin = 0;

  /// A block's width, or that of the matrix where it is narrower.
  int64_t width() const {
    return tiles() ? block.width() : std::min(block.width(), roundUp(columns, block.lanes));
  }
  int64_t count() const { return ceilDiv(columns, width()); }
  /// Elements of a row of B.
  int64_t rowLength() const { return columns + thin; }
  int64_t paddedDepth() const { return block.paddedDepth(depth); }
  /// Panels of full width, whose columns are all there.
  int64_t whole() const { return columns / width(); }
  /// Vectors of the last panel where it is not whole.
  int64_t tailVectors() const {
    return tiles() ? block.vectors : ceilDiv(columns % width(), block.lanes);
  }
  /// Elements of all panels.
  int64_t size() const { return paddedDepth() * count() * width(); }
  /// The panels of `matrices` such matrices as one memory.
  Mem of(Mem packed, int64_t matrices) const;
  bool tiles() const { return block.products == NarrowProducts::tiles; }
};

/// Where a panel lies and what is in it.
struct Panel {
  Val index;       ///< which one
  int64_t vectors; ///< how wide it is
  int64_t valid;   ///< columns that are there
  int64_t width;   ///< lanes of a vector

  Lanes lanes(int64_t vector) const {
    return {width, std::clamp<int64_t>(valid - vector * width, 0, width)};
  }
  /// Of its blocks: whole vectors, or halves where those are fewer and fit in registers.
  int64_t columns(const Panels &panels) const {
    constexpr int64_t accumulators = 24;
    int64_t half = width / 2, halves = ceilDiv(valid, half);
    bool better = halves % 2 && halves * panels.block.rows <= accumulators;
    return panels.halves && width == 16 && better ? halves * half : vectors * width;
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
/// `transposed`, into memory of count * size elements.
mlir::Value preparePanels(ScheduleBuilder &schedule, const Panels &panels, int64_t count,
                          bool transposed, mlir::Value matrices);

/// The buffer of an operand, or where its elements are narrower than f32 memory with them as f32:
/// for left-hand matrices, which are read once for every panel.
mlir::Value prepareWide(ScheduleBuilder &schedule, mlir::Value operand);

/// Packs the left-hand matrix A(m, k), an operand [depth, rows], in runs of a register block's
/// rows: memory of [rows / block rows][depth][block rows].
mlir::Value prepareRuns(ScheduleBuilder &schedule, mlir::Value matrix, int64_t depth, int64_t rows);

/// Cuts `width` elements, as many as a block has rows, into vectors that are all there, the widest first:
/// runs `body` for each with its first element and its lanes.
void forWholeVectors(Kernel &kernel, int64_t width,
                     llvm::function_ref<void(int64_t at, int64_t lanes)> body);

/// Rows of C, a run of them known when the kernel runs.
struct RowRange {
  Val from, to;
  int64_t end = -1;  ///< the static number of all rows, -1: from .. to is whole blocks
  int64_t grain = 0; ///< or, if this is given, blocks and then fewer rows, a multiple of it
};

/// The part of k that is summed over; known when the kernel runs if `count` is given.
struct DepthRange {
  Val from = 0;
  std::optional<Val> count; ///< all of it
};

/// A block of C.
struct ProductBlock {
  Val row, column;   ///< of its first element
  int64_t rows;      ///< all of them there but for tiles
  int64_t columns;   ///< whole vectors, or halves
  int64_t validRows; ///< rows that are there
  int64_t valid;     ///< columns that are there
  mlir::Value value; ///< the tile, in vectors; null before it is computed
};

/// Gives rows `row` and on of A as a place: `rows` x all of the depth, from `depth.from` on, of which
/// `depth.count` columns are there.
using LeftFactor = llvm::function_ref<mlir::Value(Val row, int64_t rows, DepthRange depth)>;
using Epilogue = llvm::function_ref<void(const ProductBlock &)>;

/// Where blocks are stored: a place for each, and whether they are added to what is there, or places are bf16.
struct Target {
  llvm::function_ref<mlir::Value(const ProductBlock &)> place;
  bool accumulate = false;
  bool narrow = false;
};

/// The part of C that is computed: rows, and panels `panelFrom` .. `panelTo`-1 of one of the packed
/// matrices (memory as `Panels::of` views it).
struct ProductRange {
  const Panels &panels;
  Mem packed;
  Val matrix;
  RowRange rows;
  Val panelFrom, panelTo;
  DepthRange depth = {};
};

/// A that lies in a memory at `at(row)`, the indices of A(row, 0); by rows, or by columns where the
/// memory's last dimension are A's rows.
mlir::Value leftFactor(Kernel &kernel, const Panels &panels, Mem memory, llvm::ArrayRef<Val> at,
                       int64_t rows, DepthRange depth, tile::Order order = tile::Order::rows);

/// The place of a block in a memory, at `at`, the indices of its first element; with columns that
/// are not there if `whole`.
mlir::Value placeOf(Kernel &kernel, const ProductBlock &block, Mem memory, llvm::ArrayRef<Val> at,
                    bool whole = false);

/// Hands each block of C to an epilogue. With tiles, blocks have been stored and are handed out some
/// rows at a time.
void multiply(Kernel &kernel, const ProductRange &range, LeftFactor a, Epilogue epilogue);

/// Stores C, or adds it.
void multiplyInto(Kernel &kernel, const ProductRange &range, LeftFactor a, Target target);

/// How the blocks of C are given to tasks.
struct Tiles {
  int64_t rows;        ///< of C
  int64_t panels;      ///< of B
  int64_t rowsPerTask; ///< a multiple of the register block's rows
  int64_t panelsPerTask;
  int64_t depthChunk; ///< of a sum, so much is summed at a time
  bool panelByPanel;  ///< whether tasks that follow each other share a panel, not rows

  /// With the usual tasks.
  static Tiles of(int64_t rows, const Panels &panels);
  /// As the operation's parameters say, where it has some.
  static Tiles of(const ScheduleBuilder &schedule, int64_t rows, const Panels &panels);
  /// `taskWork` are thousands of FLOPs.
  static Tiles of(int64_t rows, const Panels &panels, int64_t taskWork, int64_t depthChunk);
  int64_t rowTiles() const { return ceilDiv(rows, rowsPerTask); }
  int64_t panelTiles() const { return ceilDiv(panels, panelsPerTask); }
  int64_t tasks() const { return rowTiles() * panelTiles(); }
  /// Which of the tiles along rows, and which along panels, tile `tile` is.
  std::pair<Val, Val> placeOf(Val tile) const;
};

/// Tile `tile` of C, stored.
void multiplyTile(Kernel &kernel, const Panels &panels, const Tiles &tiles, Val tile, Mem packed,
                  Val matrix, DepthRange depth, LeftFactor a, Target target);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_GEMM_H

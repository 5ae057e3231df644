// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pairs (row, choice) of a mixture sorted by expert, so that each expert's rows are
// one run of rows in the products. No pair is dropped, however uneven the choice.

#ifndef DREAMER_KERNELS_EXPERTROWS_H
#define DREAMER_KERNELS_EXPERTROWS_H

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/KernelParameters.h"

namespace dreamer::kernels {

/// Sizes of a mixture of experts.
struct Mixture {
  int64_t rows, chosen, experts, features, hidden; // lead, k, N, h, f
  RegisterBlock block;
  int64_t blockRows; ///< of one task of the products: whole register blocks
  int64_t run;       ///< each expert's run of places is filled up to a multiple of this

  /// With the standard blocks, narrow ones where both factors are bf16; w1 [N, f, h].
  static Mixture of(mlir::Value u, mlir::Value ids, mlir::Value w1, const KernelTarget &target);
  /// With the blocks of the operation's parameters; narrow ones are as they are.
  Mixture tuned(const ScheduleBuilder &schedule) const;
  /// Declares them.
  void declareBlocks(KernelParameters &parameters, const KernelTarget &target) const;

  int64_t pairs() const { return rows * chosen; }
  /// Places that bf16 is transposed in at a time, whatever experts they belong to; whole runs.
  static constexpr int64_t line = 32;
  /// All places, and parts of them, are a multiple of this.
  int64_t unit() const { return block.narrow() ? line : run; }
  /// Places for sorted pairs; those after the last run hold none.
  int64_t places() const { return roundUp(pairs() + experts * (run - 1), unit()); }
  int64_t blocks() const { return places() / blockRows + experts; }
  /// W1 and W3 applied to rows of u: [h, f]; their adjoints and W2's: [f, h].
  Panels toHidden() const { return {features, hidden, block}; }
  Panels toFeatures() const { return {hidden, features, block}; }
};

/// The products of the places `from` .. `to`-1, whole runs, with all of an expert's matrix; `packed` are the matrices
/// of all experts in panels.
ProductRange productRange(const Mixture &mixture, const Panels &panels, Mem packed, Val expert,
                          Val from, Val to);

/// Scratch with the sorted pairs. Kernels take these as arguments.
struct ExpertRows {
  mlir::Value starts;  ///< i32 [N + 1]: where each expert's run of places starts
  mlir::Value pairAt;  ///< i32 [places, 1]: the pair in a place, -1 for none
  mlir::Value rowAt;   ///< i32 [places, 1]: the row of that pair, -1 for none
  mlir::Value placeOf; ///< i32 [pairs]: the place of a pair
  mlir::Value blocks;  ///< i32 [blocks, 3]: expert (-1: none), first place, end
};

/// One launch that sorts the pairs by `ids` [rows, chosen], in order of pairs. With `someAbsent`
/// pairs with a negative id get no place, and `placeOf` says nothing of them.
ExpertRows launchSort(ScheduleBuilder &schedule, const Mixture &mixture, mlir::Value ids,
                      bool someAbsent = false);

/// Runs `body` for the block of places that is the task: its expert and places.
void forExpertBlock(Kernel &kernel, Mem blocks,
                    llvm::function_ref<void(Val expert, Val from, Val to)> body);

/// Rows of a matrix as the places from `place` on have them, `rowAt` [places, 1] being a place's row,
/// from column 0 on; rows of zeros where that is -1.
mlir::Value gatherRows(Kernel &kernel, Mem matrix, Mem rowAt, Val place, int64_t rows,
                       int64_t columns);

/// Copies rows of bf16 of a matrix, as the places `from` .. `to`-1 have them, to `copies` [places, ...], with
/// zeros after them and for places without a row.
void copyRows(Kernel &kernel, Mem matrix, Mem rowAt, Val from, Val to, Mem copies);

/// Stores a block's tile, of a matrix of `columns`, in rows of bf16, with the zeros after them.
void storeNarrow(Kernel &kernel, const ProductBlock &block, mlir::Value tile, Mem rows,
                 int64_t columns);

/// One launch: row r of `out` [rows, h] is the sum over its choices j of `weights` (r, j)
/// (1 if null) times the row of `values` [places, h] at the pair's place.
void launchCombine(ScheduleBuilder &schedule, llvm::StringRef name, const Mixture &mixture,
                   mlir::Value values, mlir::Value placeOf, mlir::Value weights, mlir::Value out);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_EXPERTROWS_H

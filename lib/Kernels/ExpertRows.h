// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pairs (row, choice) of a mixture sorted by expert, so that each expert's rows are
// one run of rows, of places, in the products. No pair is dropped, however uneven the choice.

#ifndef DREAMER_KERNELS_EXPERTROWS_H
#define DREAMER_KERNELS_EXPERTROWS_H

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/KernelParameters.h"
#include <functional>

namespace dreamer::kernels {

/// Sizes of a mixture of experts.
struct Mixture {
  int64_t rows, chosen, experts, features, hidden; // lead, k, N, h, f
  RegisterBlock block;
  int64_t blockRows; ///< of one task of the products: whole register blocks
  int64_t run;       ///< each expert's run of places is filled up to a multiple of this

  /// Of choices `ids` among experts with weights of `features` and `hidden`; with the standard blocks, of bf16 if
  /// `narrow`: both factors are.
  static Mixture of(mlir::Value ids, int64_t experts, int64_t features, int64_t hidden, bool narrow,
                    const KernelTarget &target);
  /// With the blocks of the operation's parameters; narrow ones are as they are.
  Mixture tuned(const ScheduleBuilder &schedule) const;
  /// Declares them.
  void declareBlocks(KernelParameters &parameters, const KernelTarget &target) const;
  /// Whether there are so few pairs that each may read its expert's weights by itself, where they are.
  bool mayReadInPlace() const { return pairs() <= std::max<int64_t>(256, experts); }
  /// Declares the blocks, and the choice where there is one.
  KernelParameters forwardParameters(const KernelTarget &target) const;
  /// What was chosen.
  bool readsInPlace(const ScheduleBuilder &schedule) const;

  int64_t pairs() const { return rows * chosen; }
  /// Places that bf16 is transposed in at a time, whatever experts they belong to; whole runs.
  static constexpr int64_t line = 32;
  /// All places, and parts of them, are a multiple of this.
  int64_t unit() const { return block.narrow() ? line : run; }
  /// Places for sorted pairs; those after the last run hold none.
  int64_t places() const { return roundUp(pairs() + experts * (run - 1), unit()); }
  int64_t blocks() const { return places() / blockRows + experts; }
  /// Of products that make rows of h to rows of f; and of f to h.
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

/// Checks ids before they are used as experts.
void requireExperts(ScheduleBuilder &schedule, mlir::Value ids, int64_t experts);

/// Runs `body` for the block of places that is the task: its expert and places.
void forExpertBlock(Kernel &kernel, Mem blocks,
                    llvm::function_ref<void(Val expert, Val from, Val to)> body);

/// The place of a block of places in a matrix [pairs, ...]: its rows are those of the pairs.
mlir::Value placeByPair(Kernel &kernel, const ProductBlock &block, Mem matrix, Mem pairAt);

/// The left factor of products over places: of each place, a row of an operand. f32 is gathered where it lies;
/// bf16 that is multiplied as it is comes in padded rows, copied by each block for itself.
class PlaceFactor {
public:
  /// Adds the buffers that it needs to those of a launch.
  PlaceFactor(ScheduleBuilder &schedule, const Mixture &mixture, mlir::Value operand,
              llvm::SmallVectorImpl<mlir::Value> &buffers);

  /// In the kernel, for the places `from` .. `to`-1: `at` [places, 1] is a place's row, -1 for none.
  std::function<mlir::Value(Val place, int64_t rows, DepthRange)>
  prepare(Kernel &kernel, const Panels &panels, Mem at, Val from, Val to) const;

private:
  unsigned argument;
};

/// One launch: row r of `out` [rows, h] is the sum over its choices j of `weights` (r, j)
/// (1 if null) times the row of `values` [places, h] at the pair's place.
void launchCombine(ScheduleBuilder &schedule, llvm::StringRef name, const Mixture &mixture,
                   mlir::Value values, mlir::Value placeOf, mlir::Value weights, mlir::Value out);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_EXPERTROWS_H

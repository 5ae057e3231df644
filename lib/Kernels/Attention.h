// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernels of the attentions share: sums weighted by probabilities, and for
// attention over positions its sizes and packed heads.

#ifndef DREAMER_KERNELS_ATTENTION_H
#define DREAMER_KERNELS_ATTENTION_H

#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/KernelParameters.h"

namespace dreamer::kernels {

/// For columns 0 .. columns-1, a vector at a time: `store` takes the sum over i in
/// 0 .. count-1 of weight(i) * row(i, column).
void weightedSum(Kernel &kernel, Val count, int64_t columns, llvm::function_ref<Val(Val i)> weight,
                 llvm::function_ref<Val(Val i, Val column, Lanes lanes)> row,
                 llvm::function_ref<void(Val column, Val sum, Lanes lanes)> store);

/// Several such sums of the same rows: weight(i, n) is that of sum n.
void weightedSums(Kernel &kernel, int64_t sums, Val count, int64_t columns,
                  llvm::function_ref<Val(Val i, int64_t n)> weight,
                  llvm::function_ref<Val(Val i, Val column, Lanes lanes)> row,
                  llvm::function_ref<void(int64_t n, Val column, Val sum, Lanes lanes)> store);

/// Sizes of attention over positions, and of its blocks.
struct SequenceShape {
  int64_t batch, positions, heads, kvHeads, features; ///< features of a head
  RegisterBlock block;
  /// Queries and keys that are worked on at a time. Keys are whole panels and whole blocks of rows.
  int64_t queryBlock, keyBlock;

  /// Of the operands q, k, v and others that are multiplied, with the blocks that are standard for attention itself
  /// on a machine; of bf16 if all of them are.
  static SequenceShape of(mlir::ValueRange factors, int64_t heads, int64_t kvHeads,
                          const KernelTarget &target);
  /// With those for its adjoint, where queries are a product's depth as well.
  static SequenceShape ofAdjoint(mlir::ValueRange factors, int64_t heads, int64_t kvHeads,
                                 const KernelTarget &target);

  /// With the blocks of the operation's parameters.
  SequenceShape tuned(const ScheduleBuilder &schedule) const;
  /// Declares them; a task holds `scoreBytes` for each of a block's scores.
  void declareBlocks(KernelParameters &parameters, const KernelTarget &target,
                     int64_t scoreBytes) const;

  double scale() const;
  int64_t group() const { return heads / kvHeads; }
  int64_t queryBlocks() const { return ceilDiv(positions, queryBlock); }
  int64_t keyBlocks() const { return ceilDiv(positions, keyBlock); }
  /// Rows of a head as a left factor, and their width.
  int64_t paddedPositions() const { return roundUp(positions, block.rowStep()); }
  int64_t paddedFeatures() const { return block.paddedDepth(features); }
  /// `count` positions as the depth of a product; what is more is 0.
  Val depth(Val count) const {
    int64_t step = block.depthStep();
    return (count + (step - 1)) / step * step;
  }
  /// One head as the right-hand matrix of a product: [positions, features] or its transpose.
  Panels straight() const { return {positions, features, block}; }
  Panels transposed() const { return {features, positions, block}; }

private:
  /// With this register block, `blocks` of it along the queries, and about `keys` keys.
  SequenceShape with(RegisterBlock block, int64_t blocks, int64_t keys) const;
};

/// The heads of `x` [batch, positions, heads * features] as left factors: f32 where they lie, bf16 copied by a launch
/// to padded rows, [batch * heads][positions].
mlir::Value prepareLeftHeads(ScheduleBuilder &schedule, llvm::StringRef name,
                             const SequenceShape &shape, mlir::Value x);

/// In a kernel, the left factor from such memory: `rows` positions of head `item` (batch * heads + head) from t on.
mlir::Value leftOfHead(Kernel &kernel, const SequenceShape &shape, Mem heads, Val item, Val t,
                       int64_t rows, DepthRange depth);

/// In a kernel, hands the products of rows `from` .. `to`-1 of head `item` of `heads`, left factors as `leftOfHead` takes
/// them, to `epilogue`: with `count` columns from `firstKey` on of head `head` of `packed`, transposed keys or values.
void multiplyTransposed(Kernel &kernel, const SequenceShape &shape, Mem heads, Val item, Mem packed,
                        Val head, Val from, Val to, Val firstKey, Val count, Epilogue epilogue);

/// In a kernel, hands the products of `block` to `epilogue`: of its rows, queries `from` .. `to`-1, with `count` rows from
/// `firstKey` on of head `head` of `packed` keys or values [positions, features].
void multiplyStraight(Kernel &kernel, const SequenceShape &shape, Mem block, Mem packed, Val head,
                      Val from, Val to, Val firstKey, Val count, Epilogue epilogue);

/// One launch that packs every head of `x` [batch, positions, heads * features], each as
/// [positions, features] or transposed: scratch of [batch * heads][panels].
mlir::Value launchPackHeads(ScheduleBuilder &schedule, llvm::StringRef name,
                            const SequenceShape &shape, mlir::Value x, int64_t heads,
                            bool transposed);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_ATTENTION_H

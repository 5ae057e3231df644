// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What attention over depths is made of: some rows, all their heads, slot by slot of their histories.

#ifndef DREAMER_KERNELS_DEPTHBLOCK_H
#define DREAMER_KERNELS_DEPTHBLOCK_H

#include "lib/Kernels/Kernel.h"

namespace dreamer::kernels {

/// Sizes of attention over depths.
struct DepthShape {
  int64_t rows, slots, heads, kvHeads, features; ///< features of a head

  static DepthShape of(mlir::Value q, mlir::Value keys, int64_t heads, int64_t kvHeads);

  int64_t group() const { return heads / kvHeads; }
  int64_t width() const { return heads * features; }
  int64_t kvWidth() const { return kvHeads * features; }
  double scale() const;
  /// Rows that are worked on at a time: as many as have a vector of heads.
  int64_t blockRows(int64_t lanes) const;
};

/// A block of rows. Queries are [rows, heads * c], histories [slots, rows, kvHeads * c]; weights are
/// [slots, pairs], where a pair is a row of the block and a head.
class DepthBlock {
public:
  /// `count` slots are valid.
  DepthBlock(Kernel &k, const DepthShape &shape, Val count);

  /// Memory for weights.
  Mem weights();
  /// Runs `body` for the blocks of the share.
  void forShare(Shares shares, llvm::function_ref<void()> body);

  /// weights[slot, pair] = scale * query[pair] . history[slot, pair]
  void multiply(Mem queries, Mem history, Mem weights, double scale = 1) const;
  /// Over the slots, weights become their softmax.
  void softmax(Mem weights) const;
  /// Runs `body` for vectors of pairs.
  void forPairs(llvm::function_ref<void(Val pair, Lanes lanes)> body) const;
  /// out[pair] = sum over the slots of weights[slot, pair] history[slot, pair]
  void weigh(Mem weights, Mem history, Mem out) const;
  /// history[slot, pair] = the sum over a group's heads of weights[slot, pair] queries[pair], or += that.
  void spread(Mem weights, Mem queries, Mem history, bool accumulate) const;
  /// Slots that are not valid become zero.
  void clear(Mem history) const;

  Val count;

private:
  void forGroups(llvm::function_ref<void(Val row, Val kvHead)> body) const;
  Val head(Val kvHead, int64_t i) const { return kvHead * shape.group() + i; }
  Val pair(Val row, Val head) const { return row * shape.heads + head; }
  Val query(Mem queries, Val row, Val head, Val column, Lanes lanes) const;
  llvm::SmallVector<Val> entry(Val slot, Val row, Val kvHead, Val column) const {
    return {slot, from + row, kvHead * shape.features + column};
  }

  Kernel &k;
  const DepthShape shape;
  const int64_t lanes, most, pairs;
  Mem partial;    // [slots, pairs, lanes]: sums lane by lane
  Val from, rows; // of the block
};

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_DEPTHBLOCK_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What attention over depths is made of. Several slots of a row are read at a time: as streams side by
// side they arrive faster than one after the other in pieces.

#ifndef DREAMER_KERNELS_DEPTHBLOCK_H
#define DREAMER_KERNELS_DEPTHBLOCK_H

#include "lib/Kernels/Kernel.h"

namespace dreamer::kernels {

/// Sizes of attention over depths.
struct DepthShape {
  int64_t rows, slots, heads, kvHeads, features; ///< features of a head
  int64_t vectorLanes;                           ///< of the widest vector

  int64_t group() const { return heads / kvHeads; }
  int64_t kvWidth() const { return kvHeads * features; }
  double scale() const;
  /// Rows whose heads make up a vector.
  int64_t runRows() const { return std::min(rows, ceilDiv(vectorLanes, heads)); }
  /// Rows that are worked on at a time: whole runs.
  int64_t blockRows() const;
  /// Shares of blocks; `cost` is that of a slot of a head.
  Shares shares(int64_t cost) const;
};

/// A block of rows. Queries are [rows, heads * c], histories [slots, rows, kvHeads * c]; weights are
/// [slots, pairs], where a pair is a row of the block and a head.
class DepthBlock {
public:
  /// `count` slots are valid.
  DepthBlock(Kernel &k, const DepthShape &shape, Val count);

  /// Memory for weights.
  Mem weights() { return k.stack({shape.slots, pairs}); }
  /// Runs `body` for the blocks of the share.
  void forShare(Shares shares, llvm::function_ref<void()> body);
  /// Runs `body` for vectors of pairs.
  void forPairs(llvm::function_ref<void(Val pair, Lanes lanes)> body) const;

  /// weights[slot, pair] = scale * queries[pair] . history[slot, pair]
  void multiply(Mem queries, Mem history, Mem weights, double scale = 1) const;
  /// Weights become their softmax over the slots.
  void softmax(Mem weights) const;
  /// out[pair] = sum over the slots of weights[slot, pair] history[slot, pair]
  void weigh(Mem weights, Mem history, Mem out) const;
  /// history[slot, pair] = sum over the heads of a group of weights[slot, pair] queries[pair], or += that.
  void spread(Mem weights, Mem queries, Mem history, bool accumulate) const;
  /// Slots that are not valid become zero.
  void clear(Mem history) const;

  const Val count;

private:
  void forGroups(Val first, Val rows, llvm::function_ref<void(Val row, Val kvHead)> body) const;
  /// A run's products with some slots, lane by lane, and their sums.
  void multiplyRun(Mem queries, Mem history, Val row, Val slot, Val slots) const;
  void sumRun(Mem weights, double scale, Val row, Val slot, Val slots) const;

  Val head(Val kvHead, int64_t i) const { return kvHead * shape.group() + i; }
  Val pair(Val row, Val head) const {
    return row / run * runPairs + row % run * shape.heads + head;
  }
  llvm::SmallVector<Val> query(Val row, Val head, Val column) const {
    return {from + row, head * shape.features + column};
  }
  llvm::SmallVector<Val> entry(Val slot, Val row, Val kvHead, Val column) const {
    return {slot, from + row, kvHead * shape.features + column};
  }

  Kernel &k;
  const DepthShape shape;
  const int64_t lanes; // of a vector of features, and of one of pairs
  const int64_t run, runPairs, pairs;
  Mem partial;    // [slots, pairs of a run, lanes]
  Val from, rows; // of the block
};

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_DEPTHBLOCK_H

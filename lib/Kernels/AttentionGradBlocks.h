// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the adjoint of attention over positions does with a block of queries and keys: probabilities and their
// cotangents, computed again from lse, and their products. Dao, "FlashAttention-2", 2023, algorithm 2.

#ifndef DREAMER_KERNELS_ATTENTIONGRADBLOCKS_H
#define DREAMER_KERNELS_ATTENTIONGRADBLOCKS_H

#include "lib/Kernels/Attention.h"

namespace dreamer::kernels {

/// Memory of a kernel that works on blocks of queries and keys.
struct GradBlocks {
  const SequenceShape &shape;
  Mem out, dOut, lse;                            // [B * T, heads * c]; lse [B * heads, T]
  Mem q, leftDOut;                               // left factors
  Mem keysT, valuesT, keys, packedQ, packedDOut; // packed
  Mem p, ds;                                     // [queries, keys] of the block
  Mem leftP = {}, leftDs = {};     // the same memory, or in bf16 where that is multiplied
  Mem turnedP = {}, turnedDs = {}; // and in bf16 [keys, queries]

  /// A head: its batch entry and index, and where it lies.
  struct Head {
    Val item, kv, row,
        column; // batch * heads + head, batch * kvHeads + its group, batch * T, head * c
  };

  Head head(Val batch, Val index) const {
    return {batch * shape.heads + index, batch * shape.kvHeads + index / shape.group(),
            batch * shape.positions, index * shape.features};
  }

  bool narrow() const { return shape.block.narrow(); }

  /// Fills p and ds for queries `from` .. `to`-1 and `count` keys from `firstKey` on, and zeros
  /// behind them up to whole blocks of rows.
  void compute(Kernel &k, const Head &head, Val from, Val to, Val firstKey, Val count) const;

  /// Hands the block's part of dq = ds K to `epilogue`.
  void multiplyQueries(Kernel &k, const Head &head, Val from, Val to, Val firstKey, Val count,
                       Epilogue epilogue) const;

  /// Adds the block's part of dk = ds^T Q and dv = p^T dOut, to rows of `dk` and `dv`
  /// [B * T, kvHeads * c].
  void addKeys(Kernel &k, const Head &head, Val from, Val to, Val firstKey, Val count, Val column,
               Mem dk, Mem dv) const;

private:
  /// The transpose of the first `queries` rows and `keys` columns of a block of bf16; after the queries there are
  /// zeros up to whole steps of a depth.
  void turn(Kernel &k, Mem block, Mem turned, Val queries, Val keys) const;
};

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_ATTENTIONGRADBLOCKS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Shuffle.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace dreamer::kernels {

/// Lanes alternately from a and b, from the first (or second) half of both.
static Val interleaveHalf(Val a, Val b, bool secondHalf) {
  Emitter &e = a.getEmitter();
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < lanes / 2; ++i) {
    int64_t from = secondHalf ? lanes / 2 + i : i;
    order.push_back(from);
    order.push_back(lanes + from);
  }
  return {e, e.create<vector::ShuffleOp>(a.get(), b.get(), order)};
}

// log2(lanes) perfect shuffles of the rows.
Vals transpose(Vals rows) {
  size_t n = rows.size();
  for (size_t stage = 1; stage < n; stage *= 2) {
    Vals next(n);
    for (size_t i = 0; i < n / 2; ++i) {
      next[2 * i] = interleaveHalf(rows[i], rows[i + n / 2], false);
      next[2 * i + 1] = interleaveHalf(rows[i], rows[i + n / 2], true);
    }
    rows = next;
  }
  return rows;
}

/// In shuffles 16 bits are an integer: bf16 is no type of most processors.
static Val asIntegers(Val x) {
  if (!getElementTypeOrSelf(x.getType()).isBF16())
    return x;
  Emitter &e = x.getEmitter();
  auto type = cast<VectorType>(x.getType());
  return {e, e.create<arith::BitcastOp>(type.clone(e.getBuilder().getI16Type()), x.get())};
}

Val interleave(Val a, Val b) {
  Emitter &e = a.getEmitter();
  auto type = cast<VectorType>(a.getType());
  int64_t lanes = type.getNumElements();
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < lanes; ++i)
    order.append({i, lanes + i});
  Val both = {e, e.create<vector::ShuffleOp>(asIntegers(a).get(), asIntegers(b).get(), order)};
  if (!type.getElementType().isBF16())
    return both;
  auto result = VectorType::get(2 * lanes, type.getElementType());
  return {e, e.create<arith::BitcastOp>(result, both.get())};
}

Val pairsToLanes(Val pairs) {
  Emitter &e = pairs.getEmitter();
  int64_t lanes = cast<VectorType>(pairs.getType()).getNumElements() / 2;
  auto type = VectorType::get(lanes, e.getBuilder().getI32Type());
  return {e, e.create<vector::BitCastOp>(type, asIntegers(pairs).get())};
}

Val lanesToPairs(Val lanes) {
  Emitter &e = lanes.getEmitter();
  OpBuilder &b = e.getBuilder();
  int64_t count = 2 * cast<VectorType>(lanes.getType()).getNumElements();
  Value integers = e.create<vector::BitCastOp>(VectorType::get(count, b.getI16Type()), lanes.get());
  return {e, e.create<arith::BitcastOp>(VectorType::get(count, b.getBF16Type()), integers)};
}

} // namespace dreamer::kernels

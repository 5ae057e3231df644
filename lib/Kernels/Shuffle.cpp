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

/// Of each two neighbours of `unit` lanes the first (or second), segment by segment from a and b.
static Val alternate(Val a, Val b, int64_t unit, int64_t segment, bool second) {
  Emitter &e = a.getEmitter();
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t start = 0; start < lanes; start += segment)
    for (int64_t from : {start, lanes + start})
      for (int64_t at = second ? unit : 0; at < segment; at += 2 * unit)
        for (int64_t i = 0; i < unit; ++i)
          order.push_back(from + at + i);
  return {e, e.create<vector::ShuffleOp>(a.get(), b.get(), order)};
}

// A tree: each two rows become one with half as many lanes of either. First within runs of four lanes,
// where shuffles are cheap on every machine, then of whole runs. A row without a partner is its own.
Val sumRows(Vals rows) {
  int64_t lanes = cast<VectorType>(rows.front().getType()).getNumElements();
  int64_t run = std::min<int64_t>(lanes, 4);
  for (int64_t summed = 1; summed < lanes; summed *= 2) {
    int64_t unit = summed < run ? 1 : run, segment = summed < run ? run : lanes;
    if (rows.size() % 2)
      rows.push_back(rows.back());
    Vals next;
    for (size_t i = 0; i < rows.size(); i += 2)
      next.push_back(alternate(rows[i], rows[i + 1], unit, segment, false) +
                     alternate(rows[i], rows[i + 1], unit, segment, true));
    rows = next;
  }
  return rows.front();
}

Val slice(Val x, int64_t first, int64_t lanes) {
  Emitter &e = x.getEmitter();
  return {e, e.create<vector::ExtractStridedSliceOp>(x.get(), ArrayRef(first), ArrayRef(lanes),
                                                     ArrayRef<int64_t>(1))};
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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Dot.h"

using namespace mlir;

namespace dreamer::kernels {

bool keepPairs(const Kernel &kernel, ArrayRef<Mem *> factors) {
  bool pairs = kernel.target.narrowProducts() != NarrowProducts::widened &&
               llvm::all_of(factors, [](Mem *factor) {
                 return factor->getType().getElementType().isBF16();
               });
  if (pairs)
    for (Mem *factor : factors)
      *factor = factor->asItIs();
  return pairs;
}

Vals dots(Kernel &kernel, int64_t depth, ArrayRef<std::function<Val(Val, Lanes)>> left,
          ArrayRef<std::function<Val(Val, Lanes)>> right, bool pairs) {
  int64_t lanes = pairs ? kernel.vectorLanes() : kernel.lanesFor(depth);
  int64_t width = pairs ? 2 * lanes : lanes, whole = depth / width * width;
  auto step = [&](Val k, Lanes lanes, ArrayRef<Val> carried) {
    Vals a, b, next;
    for (auto &read : left)
      a.push_back(read(k, lanes));
    for (auto &read : right)
      b.push_back(read(k, lanes));
    for (size_t i = 0; i < a.size(); ++i)
      for (size_t j = 0; j < b.size(); ++j)
        next.push_back(pairs ? dotPairs(carried[i * b.size() + j], a[i], b[j])
                             : fma(a[i], b[j], carried[i * b.size() + j]));
    return next;
  };
  Vals sums(left.size() * right.size(), kernel.f32(0, lanes));
  sums = kernel.loop(0, whole, width, sums, [&](Val k, ArrayRef<Val> carried) {
    return step(k, Lanes::all(width), carried);
  });
  if (whole < depth)
    sums = step(whole, {width, depth - whole}, sums);
  for (Val &sum : sums)
    sum = sumLanes(sum);
  return sums;
}

Val dot(Kernel &kernel, int64_t depth, ReadVector left, ReadVector right) {
  return kernel.sumColumns(depth,
                           [&](Val k, Lanes lanes) { return left(k, lanes) * right(k, lanes); });
}

void launchDots(ScheduleBuilder &schedule, Value a, Value b, Value c, int64_t rows, int64_t depth,
                int64_t columns) {
  // Some rows times some columns: their accumulators in registers. A group of columns stays in the
  // first-level cache while all rows pass by it.
  int64_t rowsTogether = ceilDiv(rows, ceilDiv(rows, 4));
  int64_t together = std::min<int64_t>(4, 12 / rowsTogether);
  Shares shares = Shares::of(ceilDiv(columns, together), rows * depth * together / 4 + 16);
  int64_t whole = columns / together;
  launch(schedule, "dots", shares.tasks(), {a, b, c}, [&](Kernel &k) {
    Mem left = k.mem(0).view({rows, depth}), right = k.mem(1).view({columns, depth});
    Mem out = k.mem(2).view({rows, columns});
    bool pairs = keepPairs(k, {&left, &right});
    auto part = [&](Val row, int64_t rowCount, Val column, int64_t count) {
      SmallVector<std::function<Val(Val, Lanes)>> readLeft, readRight;
      for (int64_t i = 0; i < rowCount; ++i)
        readLeft.push_back([=](Val at, Lanes lanes) { return left.load({row + i, at}, lanes); });
      for (int64_t j = 0; j < count; ++j)
        readRight.push_back(
            [=](Val at, Lanes lanes) { return right.load({column + j, at}, lanes); });
      Vals sums = dots(k, depth, readLeft, readRight, pairs);
      for (int64_t i = 0; i < rowCount; ++i)
        for (int64_t j = 0; j < count; ++j)
          out.store(sums[i * count + j], {row + i, column + j});
    };
    auto block = [&](Val column, int64_t count) {
      int64_t rest = rows % rowsTogether;
      k.loop(0, rows - rest, rowsTogether,
             [&](Val row) { part(row, rowsTogether, column, count); });
      if (rest)
        part(rows - rest, rest, column, count);
    };
    Val from = shares.tasks() == 1 ? Val(0) : k.task * shares.perTask;
    k.loop(from, min(from + shares.perTask, whole), 1,
           [&](Val item) { block(item * together, together); });
    if (int64_t rest = columns % together) {
      Val last = shares.tasks() == 1 ? Val(1) : equal(k.task, shares.tasks() - 1);
      k.when(last, [&] { block(columns - rest, rest); });
    }
  });
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Dot.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KeptValues.h"

using namespace mlir;

namespace dreamer::kernels {

int64_t fewRowsOf(Operation *op, Value weight) {
  constexpr int64_t kept = 2, once = 17;
  return keptFormOf(weight) ? kept : op->getParentOfType<RecurOp>() ? fewRowsInLoop : once;
}

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

Vals laneSums(Kernel &kernel, int64_t depth, ArrayRef<std::function<Val(Val, Lanes)>> left,
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
  return sums;
}

Vals dots(Kernel &kernel, int64_t depth, ArrayRef<std::function<Val(Val, Lanes)>> left,
          ArrayRef<std::function<Val(Val, Lanes)>> right, bool pairs) {
  Vals sums = laneSums(kernel, depth, left, right, pairs);
  for (Val &sum : sums)
    sum = sumLanes(sum);
  return sums;
}

Val dot(Kernel &kernel, int64_t depth, ReadVector left, ReadVector right) {
  return kernel.sumColumns(depth,
                           [&](Val k, Lanes lanes) { return left(k, lanes) * right(k, lanes); });
}

namespace {
/// How a product with few rows is cut: some rows times some columns, their accumulators in registers.
struct DotBlocks {
  int64_t rows, depth;
  bool pairs = false; ///< factors are bf16, as they are

  int64_t rowsTogether() const { return ceilDiv(rows, ceilDiv(rows, 4)); }
  int64_t columnsTogether() const { return std::min<int64_t>(4, 12 / rowsTogether()); }
};
} // namespace

/// Columns `column` .. column+count-1 of all rows. They stay in the first-level cache while the rows pass by.
static void dotsOfColumns(Kernel &k, DotBlocks blocks, Mem left, Mem right, Mem out,
                          bool accumulate, Val column, int64_t count) {
  auto part = [&](Val row, int64_t rowCount) {
    SmallVector<std::function<Val(Val, Lanes)>> readLeft, readRight;
    for (int64_t i = 0; i < rowCount; ++i)
      readLeft.push_back([=](Val at, Lanes lanes) { return left.load({row + i, at}, lanes); });
    for (int64_t j = 0; j < count; ++j)
      readRight.push_back([=](Val at, Lanes lanes) { return right.load({column + j, at}, lanes); });
    Vals sums = dots(k, blocks.depth, readLeft, readRight, blocks.pairs);
    for (int64_t i = 0; i < rowCount; ++i)
      for (int64_t j = 0; j < count; ++j) {
        SmallVector<Val> at{row + i, column + j};
        Val sum = sums[i * count + j];
        out.store(accumulate ? out.load(at) + sum : sum, at);
      }
  };
  int64_t together = blocks.rowsTogether(), rest = blocks.rows % together;
  k.loop(0, blocks.rows - rest, together, [&](Val row) { part(row, together); });
  if (rest)
    part(blocks.rows - rest, rest);
}

void multiplyByDots(Kernel &kernel, Mem a, Mem b, Mem c, bool accumulate, Val from,
                    int64_t columns) {
  DotBlocks blocks{a.size(0), a.size(1), keepPairs(kernel, {&a, &b})};
  int64_t together = blocks.columnsTogether(), rest = columns % together;
  kernel.loop(0, columns - rest, together, [&](Val column) {
    dotsOfColumns(kernel, blocks, a, b, c, accumulate, from + column, together);
  });
  if (rest)
    dotsOfColumns(kernel, blocks, a, b, c, accumulate, from + (columns - rest), rest);
}

void launchDots(ScheduleBuilder &schedule, Value a, Value b, Value c, bool accumulate, int64_t rows,
                int64_t depth, int64_t columns) {
  int64_t together = DotBlocks{rows, depth}.columnsTogether();
  Shares shares = Shares::of(ceilDiv(columns, together), rows * depth * together / 4 + 16);
  int64_t whole = columns / together;
  launch(schedule, "dots", shares.tasks(), {a, b, c}, [&](Kernel &k) {
    Mem left = k.mem(0).view({rows, depth}), right = k.mem(1).view({columns, depth});
    Mem out = k.mem(2).view({rows, columns});
    DotBlocks blocks{rows, depth, keepPairs(k, {&left, &right})};
    Val from = shares.tasks() == 1 ? Val(0) : k.task * shares.perTask;
    k.loop(from, min(from + shares.perTask, whole), 1, [&](Val item) {
      dotsOfColumns(k, blocks, left, right, out, accumulate, item * together, together);
    });
    if (int64_t rest = columns % together) {
      Val last = shares.tasks() == 1 ? Val(1) : equal(k.task, shares.tasks() - 1);
      k.when(last,
             [&] { dotsOfColumns(k, blocks, left, right, out, accumulate, columns - rest, rest); });
    }
  });
}

} // namespace dreamer::kernels

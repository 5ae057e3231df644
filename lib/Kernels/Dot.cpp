// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Dot.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KeptValues.h"
#include "lib/Kernels/Shuffle.h"
#include "llvm/Support/MathExtras.h"

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

int64_t lanesOfSums(const Kernel &kernel, int64_t depth, bool pairs) {
  return pairs ? kernel.vectorLanes() : kernel.lanesFor(depth);
}

Vals laneSums(Kernel &kernel, int64_t depth, ArrayRef<std::function<Val(Val, Lanes)>> left,
              ArrayRef<std::function<Val(Val, Lanes)>> right, bool pairs) {
  int64_t lanes = lanesOfSums(kernel, depth, pairs), width = pairs ? 2 * lanes : lanes;
  int64_t count = left.size() * right.size();
  // Vectors of the shorter side stay in registers while those of the longer side pass by; one vector needs no care.
  bool holdsLeft = right.size() == 1 || left.size() <= right.size();
  auto held = holdsLeft ? left : right, passing = holdsLeft ? right : left;
  auto add = [&](Val k, Lanes lanes, MutableArrayRef<Val> sums) {
    Vals kept;
    for (auto &read : held)
      kept.push_back(read(k, lanes));
    for (auto [j, read] : llvm::enumerate(passing)) {
      Val b = read(k, lanes);
      for (auto [i, a] : llvm::enumerate(kept)) {
        Val &sum = sums[holdsLeft ? i * right.size() + j : j * right.size() + i];
        sum = pairs ? dotPairs(sum, a, b) : fma(a, b, sum);
      }
    }
  };
  // Where there are few sums, parts of them hide the latency of additions.
  int64_t parts = std::max<int64_t>(1, std::min(4 / count, depth / (4 * width)));
  int64_t run = parts * width, whole = depth / run * run;
  Vals sums(parts * count, kernel.f32(0, lanes));
  sums = kernel.loop(0, whole, run, sums, [&](Val k, ArrayRef<Val> carried) {
    Vals next(carried);
    for (int64_t part = 0; part < parts; ++part)
      add(k + part * width, Lanes::all(width), MutableArrayRef(next).slice(part * count, count));
    return next;
  });
  for (int64_t k = whole; k < depth; k += width)
    add(k, {width, std::min(width, depth - k)}, MutableArrayRef(sums).take_front(count));
  for (int64_t i = count; i < parts * count; ++i)
    sums[i % count] = sums[i % count] + sums[i];
  sums.truncate(count);
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
/// How a product with few rows or few columns is cut: some rows times some columns, their accumulators in registers.
struct DotBlocks {
  int64_t rows, columns, depth;
  int64_t accumulators; ///< that registers hold
  bool pairs = false;   ///< factors are bf16, as they are

  DotBlocks(const KernelTarget &target, int64_t rows, int64_t columns, int64_t depth)
      : rows(rows), columns(columns), depth(depth),
        accumulators(target.vectorBits >= 512 ? 16 : 12) {}

  int64_t mostColumns() const { return std::min<int64_t>(4, columns); }
  int64_t rowsTogether() const {
    int64_t most = std::max<int64_t>(4, accumulators / mostColumns());
    return ceilDiv(rows, ceilDiv(rows, most));
  }
  int64_t columnsTogether() const { return std::min(mostColumns(), accumulators / rowsTogether()); }
};

/// c = a b^T in such blocks, or c += that. Row 0 of `b` is for column `first` of `c`.
struct DotProduct {
  Kernel &k;
  DotBlocks blocks;
  Mem a, b, c;
  bool accumulate;
  int64_t first = 0;

  /// Stores `sums`, whose lanes are still to be summed, of `rows` x `columns` elements from `row` and `column` on.
  void store(ArrayRef<Val> sums, Val row, int64_t rows, Val column, int64_t columns) {
    int64_t lanes = cast<VectorType>(sums.front().getType()).getNumElements();
    auto width = std::min(lanes, static_cast<int64_t>(llvm::PowerOf2Ceil(columns)));
    int64_t together = lanes / width; // rows in a vector
    for (int64_t i = 0; i < rows; i += together)
      for (int64_t j = 0; j < columns; j += width) {
        int64_t someRows = std::min(together, rows - i);
        Vals vectors;
        for (int64_t at = 0; at < someRows * width; ++at)
          vectors.push_back(
              sums[(i + at / width) * columns + std::min(j + at % width, columns - 1)]);
        Val all = sumRows(vectors);
        Lanes part{width, std::min(width, columns - j)};
        for (int64_t at = 0; at < someRows; ++at) {
          Vals place{row + (i + at), column + j};
          Val sum = slice(all, at * width, width);
          c.store(accumulate ? c.load(place, part) + sum : sum, place, part);
        }
      }
  }

  void block(Val row, int64_t rows, Val column, int64_t columns) {
    SmallVector<std::function<Val(Val, Lanes)>> left, right;
    for (int64_t i = 0; i < rows; ++i)
      left.push_back([=, this](Val at, Lanes lanes) { return a.load({row + i, at}, lanes); });
    for (int64_t j = 0; j < columns; ++j)
      right.push_back(
          [=, this](Val at, Lanes lanes) { return b.load({column + (j - first), at}, lanes); });
    store(laneSums(k, blocks.depth, left, right, blocks.pairs), row, rows, column, columns);
  }

  /// Some columns of all rows: they stay in the first-level cache while the rows pass by.
  void columns(Val column, int64_t count) {
    int64_t together = blocks.rowsTogether(), rest = blocks.rows % together;
    k.loop(0, blocks.rows - rest, together, [&](Val row) { block(row, together, column, count); });
    if (rest)
      block(blocks.rows - rest, rest, column, count);
  }
};
} // namespace

void multiplyByDots(Kernel &kernel, Mem a, Mem b, Mem c, bool accumulate, Val from, int64_t columns,
                    int64_t first) {
  DotBlocks blocks(kernel.target, a.size(0), columns, a.size(1));
  blocks.pairs = keepPairs(kernel, {&a, &b});
  DotProduct product{kernel, blocks, a, b, c, accumulate, first};
  int64_t together = blocks.columnsTogether(), rest = columns % together;
  kernel.loop(0, columns - rest, together,
              [&](Val column) { product.columns(from + column, together); });
  if (rest)
    product.columns(from + (columns - rest), rest);
}

/// Runs `body` for the task's share of `count` rows or columns, `together` at a time and then those left.
static void forRuns(Kernel &k, Shares shares, int64_t count, int64_t together,
                    function_ref<void(Val first, int64_t some)> body) {
  Val from = shares.tasks() == 1 ? Val(0) : k.task * shares.perTask;
  k.loop(from, min(from + shares.perTask, count / together), 1,
         [&](Val run) { body(run * together, together); });
  if (int64_t rest = count % together) {
    Val last = shares.tasks() == 1 ? Val(1) : equal(k.task, shares.tasks() - 1);
    k.when(last, [&] { body(count - rest, rest); });
  }
}

void launchDots(ScheduleBuilder &schedule, Value a, Value b, Value c, bool accumulate, int64_t rows,
                int64_t depth, int64_t columns) {
  DotBlocks blocks(schedule.target(), rows, columns, depth);
  bool byRows = columns <= blocks.columnsTogether();
  int64_t count = byRows ? rows : columns;
  int64_t together = byRows ? blocks.rowsTogether() : blocks.columnsTogether();
  Shares shares =
      Shares::of(ceilDiv(count, together), rows * columns / count * depth * together / 4 + 16);
  launch(schedule, "dots", shares.tasks(), {a, b, c}, [&](Kernel &k) {
    Mem left = k.mem(0).view({rows, depth}), right = k.mem(1).view({columns, depth});
    Mem out = k.mem(2).view({rows, columns});
    DotBlocks cut = blocks;
    cut.pairs = keepPairs(k, {&left, &right});
    DotProduct product{k, cut, left, right, out, accumulate};
    forRuns(k, shares, count, together, [&](Val first, int64_t some) {
      byRows ? product.block(first, some, 0, columns) : product.columns(first, some);
    });
  });
}

} // namespace dreamer::kernels

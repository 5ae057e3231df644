// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/DepthBlock.h"
#include "lib/Kernels/Attention.h"
#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Shuffle.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

double DepthShape::scale() const { return 1 / std::sqrt(static_cast<double>(features)); }

int64_t DepthShape::blockRows() const {
  // Keys and values are read in turns: long ones, but the weights stay in the first-level cache.
  constexpr int64_t runs = 2, weights = 8192;
  int64_t run = runRows(), most = weights / (slots * roundUp(run * heads, vectorLanes));
  return std::min(roundUp(rows, run), run * std::clamp<int64_t>(most, 1, runs));
}

Shares DepthShape::shares(int64_t cost) const {
  return Shares::of(ceilDiv(rows, blockRows()), blockRows() * heads * slots * cost);
}

/// Slots whose products are kept lane by lane.
static int64_t slotsTogether(const DepthShape &shape) { return std::min<int64_t>(shape.slots, 16); }

DepthBlock::DepthBlock(Kernel &k, const DepthShape &shape, Val count)
    : count(count), k(k), shape(shape), lanes(k.lanesFor(shape.features)), run(shape.runRows()),
      runPairs(roundUp(run * shape.heads, lanes)), pairs(shape.blockRows() / run * runPairs),
      partial(k.stack({slotsTogether(shape), runPairs, lanes})) {}

void DepthBlock::forShare(Shares shares, function_ref<void()> body) {
  int64_t most = shape.blockRows();
  k.forShare(shares, [&](Val block) {
    from = block * most;
    rows = shape.rows % most == 0 ? Val(most) : min(shape.rows - from, most);
    body();
  });
}

void DepthBlock::forGroups(Val first, Val rows, function_ref<void(Val, Val)> body) const {
  k.loop(0, rows, 1, [&](Val row) {
    k.loop(0, shape.kvHeads, 1, [&](Val kvHead) { body(first + row, kvHead); });
  });
}

void DepthBlock::forPairs(function_ref<void(Val, Lanes)> body) const {
  k.loop(0, pairs, lanes, [&](Val pair) { body(pair, Lanes::all(lanes)); });
}

void DepthBlock::multiplyRun(Mem queries, Mem history, Val row, Val slot, Val slots) const {
  Val some = shape.rows % run == 0 ? Val(run) : min(rows - row, run);
  forGroups(row, some, [&](Val row, Val kvHead) {
    SmallVector<std::function<Val(Val, Lanes)>> heads;
    for (int64_t i = 0; i < shape.group(); ++i)
      heads.push_back([=, this](Val j, Lanes lanes) {
        return queries.load(query(row, head(kvHead, i), j), lanes);
      });
    k.loop(0, slots, 1, [&](Val i) {
      Vals sums = laneSums(k, shape.features, heads, {[=, this](Val j, Lanes lanes) {
                             return history.load(entry(slot + i, row, kvHead, j), lanes);
                           }});
      for (auto [j, sum] : llvm::enumerate(sums))
        partial.store(sum, {i, row % run * shape.heads + head(kvHead, j), 0}, Lanes::all(lanes));
    });
  });
}

void DepthBlock::sumRun(Mem weights, double scale, Val row, Val slot, Val slots) const {
  Lanes all = Lanes::all(lanes);
  k.loop(0, slots, 1, [&](Val i) {
    k.loop(0, runPairs, lanes, [&](Val first) {
      Vals sums;
      for (int64_t j = 0; j < lanes; ++j)
        sums.push_back(partial.load({i, first + j, 0}, all));
      weights.store(sumRows(sums) * scale, {slot + i, pair(row, 0) + first}, all);
    });
  });
}

void DepthBlock::multiply(Mem queries, Mem history, Mem weights, double scale) const {
  int64_t together = slotsTogether(shape);
  k.loop(0, count, together, [&](Val slot) {
    Val slots = min(count - slot, together);
    k.loop(0, rows, run, [&](Val row) {
      multiplyRun(queries, history, row, slot, slots);
      sumRun(weights, scale, row, slot, slots);
    });
  });
}

void DepthBlock::softmax(Mem weights) const {
  constexpr double minusInfinity = -std::numeric_limits<double>::infinity();
  forPairs([&](Val pair, Lanes all) {
    Vals largest = k.loop(0, count, 1, {k.f32(minusInfinity, lanes)},
                          [&](Val slot, ArrayRef<Val> carried) -> Vals {
                            return {max(carried[0], weights.load({slot, pair}, all))};
                          });
    Vals sum = k.loop(0, count, 1, {k.f32(0, lanes)}, [&](Val slot, ArrayRef<Val> carried) -> Vals {
      Val p = exp(weights.load({slot, pair}, all) - largest[0]);
      weights.store(p, {slot, pair}, all);
      return {carried[0] + p};
    });
    Val inverse = 1.0 / sum[0];
    k.loop(0, count, 1, [&](Val slot) {
      weights.store(weights.load({slot, pair}, all) * inverse, {slot, pair}, all);
    });
  });
}

void DepthBlock::weigh(Mem weights, Mem history, Mem out) const {
  forGroups(0, rows, [&](Val row, Val kvHead) {
    weightedSums(
        k, shape.group(), count, shape.features,
        [&](Val slot, int64_t i) { return weights.load({slot, pair(row, head(kvHead, i))}); },
        [&](Val slot, Val j, Lanes lanes) {
          return history.load(entry(slot, row, kvHead, j), lanes);
        },
        [&](int64_t i, Val j, Val sum, Lanes lanes) {
          out.store(sum, query(row, head(kvHead, i), j), lanes);
        });
  });
}

void DepthBlock::spread(Mem weights, Mem queries, Mem history, bool accumulate) const {
  forGroups(0, rows, [&](Val row, Val kvHead) {
    k.loop(0, count, 1, [&](Val slot) {
      Vals factors;
      for (int64_t i = 0; i < shape.group(); ++i)
        factors.push_back(splat(weights.load({slot, pair(row, head(kvHead, i))}), lanes));
      k.forColumns(shape.features, [&](Val j, Lanes lanes) {
        SmallVector<Val> at = entry(slot, row, kvHead, j);
        Val sum = accumulate ? history.load(at, lanes) : k.f32(0, lanes.width);
        for (auto [i, factor] : llvm::enumerate(factors))
          sum = fma(factor, queries.load(query(row, head(kvHead, i), j), lanes), sum);
        history.store(sum, at, lanes);
      });
    });
  });
}

void DepthBlock::clear(Mem history) const {
  k.loop(count, shape.slots, 1, [&](Val slot) {
    forGroups(0, rows, [&](Val row, Val kvHead) {
      k.forColumns(shape.features, [&](Val j, Lanes lanes) {
        history.store(0.0, entry(slot, row, kvHead, j), lanes);
      });
    });
  });
}

} // namespace dreamer::kernels

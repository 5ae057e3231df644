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

DepthShape DepthShape::of(Value q, Value keys, int64_t heads, int64_t kvHeads) {
  return {rowsOf(q), tensorType(keys).getDimSize(0), heads, kvHeads, featuresOf(q) / heads};
}

double DepthShape::scale() const { return 1 / std::sqrt(static_cast<double>(features)); }

int64_t DepthShape::blockRows(int64_t lanes) const { return std::min(rows, ceilDiv(lanes, heads)); }

/// Slots whose products are kept lane by lane.
static int64_t slotsTogether(const DepthShape &shape) { return std::min<int64_t>(shape.slots, 16); }

DepthBlock::DepthBlock(Kernel &k, const DepthShape &shape, Val count)
    : count(count), k(k), shape(shape), lanes(k.lanesFor(shape.features)),
      most(shape.blockRows(k.vectorLanes())), pairs(roundUp(most * shape.heads, lanes)),
      partial(k.stack({slotsTogether(shape), pairs, lanes})) {}

Mem DepthBlock::weights() { return k.stack({shape.slots, pairs}); }

void DepthBlock::forShare(Shares shares, function_ref<void()> body) {
  k.forShare(shares, [&](Val block) {
    from = block * most;
    rows = shape.rows % most == 0 ? Val(most) : min(shape.rows - from, most);
    body();
  });
}

void DepthBlock::forGroups(function_ref<void(Val, Val)> body) const {
  k.loop(0, rows, 1, [&](Val row) {
    k.loop(0, shape.kvHeads, 1, [&](Val kvHead) { body(row, kvHead); });
  });
}

void DepthBlock::forPairs(function_ref<void(Val, Lanes)> body) const {
  k.loop(0, pairs, lanes, [&](Val pair) { body(pair, Lanes::all(lanes)); });
}

Val DepthBlock::query(Mem queries, Val row, Val head, Val column, Lanes lanes) const {
  return queries.load({from + row, head * shape.features + column}, lanes);
}

void DepthBlock::multiply(Mem queries, Mem history, Mem weights, double scale) const {
  int64_t together = slotsTogether(shape);
  k.loop(0, count, together, [&](Val first) {
    Val some = min(count - first, together);
    forGroups([&](Val row, Val kvHead) {
      SmallVector<std::function<Val(Val, Lanes)>> heads;
      for (int64_t i = 0; i < shape.group(); ++i)
        heads.push_back([=, this](Val j, Lanes lanes) {
          return query(queries, row, head(kvHead, i), j, lanes);
        });
      k.loop(0, some, 1, [&](Val slot) {
        Vals sums = laneSums(k, shape.features, heads, {[=, this](Val j, Lanes lanes) {
                               return history.load(entry(first + slot, row, kvHead, j), lanes);
                             }});
        for (auto [i, sum] : llvm::enumerate(sums))
          partial.store(sum, {slot, pair(row, head(kvHead, static_cast<int64_t>(i))), 0},
                        Lanes::all(lanes));
      });
    });
    k.loop(0, some, 1, [&](Val slot) {
      forPairs([&](Val pair, Lanes all) {
        Vals sums;
        for (int64_t i = 0; i < lanes; ++i)
          sums.push_back(partial.load({slot, pair + i, 0}, all));
        weights.store(sumRows(sums) * scale, {first + slot, pair}, all);
      });
    });
  });
}

void DepthBlock::softmax(Mem weights) const {
  constexpr double minusInfinity = -std::numeric_limits<double>::infinity();
  forPairs([&](Val pair, Lanes all) {
    Vals largest = k.loop(
        0, count, 1, {k.f32(minusInfinity, lanes)}, [&](Val slot, ArrayRef<Val> carried) -> Vals {
          return {max(carried[0], weights.load({slot, pair}, all))};
        });
    Vals sum =
        k.loop(0, count, 1, {k.f32(0, lanes)}, [&](Val slot, ArrayRef<Val> carried) -> Vals {
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
  forGroups([&](Val row, Val kvHead) {
    weightedSums(
        k, shape.group(), count, shape.features,
        [&](Val slot, int64_t i) { return weights.load({slot, pair(row, head(kvHead, i))}); },
        [&](Val slot, Val j, Lanes lanes) {
          return history.load(entry(slot, row, kvHead, j), lanes);
        },
        [&](int64_t i, Val j, Val sum, Lanes lanes) {
          out.store(sum, {from + row, head(kvHead, i) * shape.features + j}, lanes);
        });
  });
}

void DepthBlock::spread(Mem weights, Mem queries, Mem history, bool accumulate) const {
  forGroups([&](Val row, Val kvHead) {
    k.loop(0, count, 1, [&](Val slot) {
      Vals factors;
      for (int64_t i = 0; i < shape.group(); ++i)
        factors.push_back(splat(weights.load({slot, pair(row, head(kvHead, i))}), lanes));
      k.forColumns(shape.features, [&](Val j, Lanes lanes) {
        SmallVector<Val> at = entry(slot, row, kvHead, j);
        Val sum = accumulate ? history.load(at, lanes) : k.f32(0, lanes.width);
        for (auto [i, factor] : llvm::enumerate(factors))
          sum = fma(factor, query(queries, row, head(kvHead, static_cast<int64_t>(i)), j, lanes),
                    sum);
        history.store(sum, at, lanes);
      });
    });
  });
}

void DepthBlock::clear(Mem history) const {
  forGroups([&](Val row, Val kvHead) {
    k.loop(count, shape.slots, 1, [&](Val slot) {
      k.forColumns(shape.features, [&](Val j, Lanes lanes) {
        history.store(0.0, entry(slot, row, kvHead, j), lanes);
      });
    });
  });
}

} // namespace dreamer::kernels

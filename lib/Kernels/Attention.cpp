// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Attention.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace dreamer::kernels {

void weightedSum(Kernel &k, Val count, int64_t columns, function_ref<Val(Val)> weight,
                 function_ref<Val(Val, Val, Lanes)> row,
                 function_ref<void(Val, Val, Lanes)> store) {
  // As many vectors at a time as stay in registers.
  constexpr int64_t together = 8;
  int64_t width = k.lanesFor(columns);
  for (int64_t first = 0; first < columns; first += together * width) {
    SmallVector<std::pair<int64_t, Lanes>> parts;
    for (int64_t at = first; at < std::min(columns, first + together * width); at += width)
      parts.push_back({at, {width, std::min(width, columns - at)}});
    Vals sums(parts.size(), k.f32(0, width));
    sums = k.loop(0, count, 1, sums, [&](Val i, ArrayRef<Val> carried) {
      Val factor = splat(weight(i), width);
      Vals next;
      for (auto [j, part] : llvm::enumerate(parts))
        next.push_back(fma(factor, row(i, part.first, part.second), carried[j]));
      return next;
    });
    for (auto [j, part] : llvm::enumerate(parts))
      store(part.first, sums[j], part.second);
  }
}

/// About `keys` of `positions`, in whole panels and whole blocks of rows.
static int64_t keyBlockOf(const RegisterBlock &block, int64_t positions, int64_t keys) {
  int64_t unit = std::lcm(block.width(), block.rows);
  return std::min(roundUp(positions, unit), roundUp(keys, unit));
}

SequenceShape SequenceShape::of(Value q, int64_t heads, int64_t kvHeads,
                                const KernelTarget &target) {
  RankedTensorType type = tensorType(q);
  RegisterBlock block = RegisterBlock::of(target);
  int64_t positions = type.getDimSize(1);
  // A block of scores, queries by keys, stays in the first-level cache.
  return {type.getDimSize(0),         positions, heads,          kvHeads,
          type.getDimSize(2) / heads, block,     2 * block.rows, keyBlockOf(block, positions, 192)};
}

SequenceShape SequenceShape::ofAdjoint(Value q, int64_t heads, int64_t kvHeads,
                                       const KernelTarget &target) {
  SequenceShape shape = of(q, heads, kvHeads, target);
  // Sums over the queries of a block are added to memory once a block: many queries save additions, but
  // on the diagonal half of a block's scores are for nothing.
  int64_t rows = shape.positions >= 384 ? 8 : shape.positions >= 96 ? 4 : 2;
  shape.queryBlock = rows * shape.block.rows;
  if (shape.keyBlocks() > 1)
    shape.keyBlock = keyBlockOf(shape.block, shape.positions, 96);
  return shape;
}

double SequenceShape::scale() const { return 1 / std::sqrt(static_cast<double>(features)); }

Value launchPackHeads(ScheduleBuilder &s, StringRef name, const SequenceShape &shape, Value x,
                      int64_t heads, bool transposed) {
  Panels panels = transposed ? shape.transposed() : shape.straight();
  Value packed = scratch(s, {shape.batch * heads * panels.size()});
  int64_t stride = heads * shape.features;
  Shares shares = Shares::of(shape.batch * heads, 2 * panels.size());
  launch(s, name, shares.tasks(), {x, packed}, [&](Kernel &k) {
    Mem source = k.mem(0).flat(), target = k.mem(1);
    k.forShare(shares, [&](Val item) {
      Val base = item * panels.size();
      Val offset = (item / heads) * (shape.positions * stride) + (item % heads) * shape.features;
      forPanels(k, panels, 0, panels.count(), [&](Panel panel) {
        if (transposed)
          return packTransposedPanel(k, panels, panel, source, offset, stride, target, base);
        packPanel(k, panels, panel, 0, panels.depth, target, base,
                  [&](Val row, Val column, Lanes lanes) {
                    return source.load({offset + row * stride + column}, lanes);
                  });
      });
    });
  });
  return packed;
}

} // namespace dreamer::kernels

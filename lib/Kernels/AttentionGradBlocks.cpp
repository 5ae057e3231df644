// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/AttentionGradBlocks.h"
#include "lib/Kernels/Dot.h"
#include "lib/Kernels/NarrowPack.h"

using namespace mlir;

namespace dreamer::kernels {

void GradBlocks::turn(Kernel &k, Mem block, Mem turned, Val queries, Val keys) const {
  constexpr int64_t rows = 32, columns = 16;
  Val end = (queries + (rows - 1)) / rows * rows;
  k.loop(queries, end, 1, [&](Val t) {
    k.loop(0, keys, columns,
           [&](Val i) { block.store(k.f32(0, columns), {t, i}, Lanes::all(columns)); });
  });
  Mem raw = block.asItIs();
  k.loop(0, end, rows, [&](Val t) {
    k.loop(0, keys, columns, [&](Val i) {
      transposeRows([&](int64_t row) { return raw.load({t + row, i}, Lanes::all(columns)); },
                    turned, i, columns, t, rows);
    });
  });
}

void GradBlocks::compute(Kernel &k, const Head &head, Val from, Val to, Val firstKey,
                         Val count) const {
  auto scores = [&](Mem left, Mem right, Mem into) {
    multiplyTransposed(
        k, shape, left, head.item, right, head.kv, from, to, firstKey, count,
        [&](const ProductBlock &b) {
          storeTile(k, b.value,
                    placeOf(k, b, into, {b.row - from, b.column - firstKey}, /*whole=*/true));
        });
  };
  scores(q, keysT, p);
  scores(leftDOut, valuesT, ds);
  int64_t lanes = shape.block.lanes;
  Val end = min((count + (shape.block.rows + lanes - 2)) / lanes * lanes, shape.keyBlock);
  Type i32 = k.getBuilder().getI32Type();
  k.loop(0, to - from, 1, [&](Val t) {
    Val rowLse = lse.load({head.item, from + t});
    Val delta = dot(
        k, shape.features,
        [&](Val i, Lanes l) { return dOut.load({head.row + from + t, head.column + i}, l); },
        [&](Val i, Lanes l) { return out.load({head.row + from + t, head.column + i}, l); });
    Val visible = convert(from + t - firstKey + 1, i32); // how many keys this query sees
    k.loop(0, end, lanes, [&](Val i) {
      Lanes all = Lanes::all(lanes);
      Val seen = less(k.iota(lanes) + convert(i, i32), visible);
      Val probability = exp(p.load({t, i}, all) * shape.scale() - rowLse);
      Val d = probability * (ds.load({t, i}, all) - delta) * shape.scale();
      leftP.store(select(seen, probability, 0.0), {t, i}, all);
      leftDs.store(select(seen, d, 0.0), {t, i}, all);
    });
  });
  if (narrow())
    for (auto [block, turned] : {std::pair(leftP, turnedP), std::pair(leftDs, turnedDs)})
      turn(k, block, turned, to - from, end);
}

void GradBlocks::multiplyQueries(Kernel &k, const Head &head, Val from, Val to, Val firstKey,
                                 Val count, Epilogue epilogue) const {
  multiplyStraight(k, shape, leftDs, keys, head.kv, from, to, firstKey, count, epilogue);
}

void GradBlocks::addKeys(Kernel &k, const Head &head, Val from, Val to, Val firstKey, Val count,
                         Val column, Mem dk, Mem dv) const {
  Panels panels = shape.straight();
  int64_t step = shape.block.rows;
  Val keyEnd = min(firstKey + (count + (step - 1)) / step * step, shape.positions);
  auto add = [&](Mem left, Mem turned, Mem right, Mem into) {
    multiply(
        k,
        {panels,
         right,
         head.item,
         {firstKey, keyEnd, shape.positions},
         0,
         panels.count(),
         {from, shape.depth(to - from)}},
        [&](Val key, int64_t rows, DepthRange depth) {
          if (narrow())
            return leftFactor(k, panels, turned, {key - firstKey, 0 - from}, rows, depth);
          return leftFactor(k, panels, left, {0 - from, key - firstKey}, rows, depth,
                            tile::Order::columns);
        },
        [&](const ProductBlock &b) {
          addTile(k, b.value, placeOf(k, b, into, {head.row + b.row, column + b.column}));
        });
  };
  add(leftDs, turnedDs, packedQ, dk);
  add(leftP, turnedP, packedDOut, dv);
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertsGrad.h"

using namespace mlir;

namespace dreamer::kernels {

Vals gradsOfHidden(ArrayRef<Val> x) {
  Val a = x[0], b = x[1], e = x[2], gate = x[3], y = swiglu(a, b);
  auto [da, db] = swigluGrad(a, b, e * gate);
  return {da, db, e * y, y * gate};
}

void storeGateGrads(Kernel &k, Mem pairAt, Val from, Val to, Mem tiles, Mem dGates) {
  k.loop(from, to, 1, [&](Val place) {
    Val pair = pairAt.load({place, 0});
    k.when(less(-1, pair), [&] {
      dGates.store(
          k.sumColumns(tiles.features(),
                       [&](Val i, Lanes lanes) { return tiles.load({place - from, i}, lanes); }),
          {k.toIndex(pair)});
    });
  });
}

void launchWeightGrad(ScheduleBuilder &s, StringRef name, const Mixture &m, Value starts,
                      Value left, const Panels &right, Value packed, int64_t rows, Value out,
                      bool accumulate) {
  Panels average = right;
  average.depth = ceilDiv(m.places(), m.experts);
  Tiles tiles = Tiles::of(s, rows, average);
  bool narrow = m.block.narrow();
  launch(s, name, m.experts * tiles.tasks(), {starts, left, packed, out}, /*contractions=*/1,
         [&](Kernel &k) {
           Mem starts = k.mem(0), left = k.mem(1), out = k.mem(3);
           Val expert = k.task / tiles.tasks(), tile = k.task % tiles.tasks();
           Val from = k.toIndex(starts.load({expert})), to = k.toIndex(starts.load({expert + 1}));
           // A whole number of steps, and seen to be one.
           Val count = narrow ? (to - from) / m.run() * m.run() : to - from;
           auto place = [&](const ProductBlock &block) {
             return placeOf(k, block, out, {expert, block.row, block.column});
           };
           auto rowsOfLeft = [&](Val row, int64_t rows, DepthRange places) {
             if (narrow)
               return leftFactor(k, right, left, {row, 0}, rows, places);
             return leftFactor(k, right, left, {0, row}, rows, places, tile::Order::columns);
           };
           multiplyTile(k, right, tiles, tile, right.of(k.mem(2), 1), 0, {from, count}, rowsOfLeft,
                        {place, accumulate});
         });
}

} // namespace dreamer::kernels

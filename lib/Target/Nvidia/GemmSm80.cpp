// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product on sm_80: all warps copy slices some stages ahead, then each step multiplies one slice and puts one.

#include "lib/Target/Nvidia/GemmParts.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

FailureOr<func::FuncOp> nvidia::buildGemmSm80(OpBuilder &builder, Location loc, StringRef name,
                                              const GemmProblem &problem,
                                              const GemmTilingSm80 &tiling,
                                              const Epilogue &epilogue) {
  if (failed(tiling.check(loc, problem)) || failed(checkEpilogue(loc, problem, epilogue)))
    return failure();
  TileBuilder t(builder, loc, name, gemmArguments(problem, epilogue));
  Operands operands(t, problem, tiling.rows, tiling.columns, tiling.depth, tiling.rows);
  Grid grid(t, problem, tiling.rows, tiling.columns);
  auto fragments = [&](int64_t rows, int64_t columns, Type element, tile::Layout layout) {
    return t.reg(rows, columns, element, layout, tiling.warps);
  };
  tile::RegType left = fragments(tiling.rows, tiling.depth, problem.element, tile::Layout::mma_a);
  tile::RegType right =
      fragments(tiling.depth, tiling.columns, problem.element, tile::Layout::mma_b);
  tile::RegType sums = fragments(tiling.rows, tiling.columns, t.f32(), tile::Layout::mma_c);

  int64_t steps = llvm::divideCeil(problem.depth, tiling.depth);
  int64_t ahead = std::min(tiling.stages - 1, steps);
  Value zero = t.index(0), one = t.index(1);
  Value ring = t.ring(t.ringOf(tiling.stages, {operands.a, operands.b}, tile::Transport::cp_async,
                               /*readers=*/1));
  grid.forTiles([&](Value tile, Value first) {
    auto [row, column] = grid.placeOf(tile);
    auto put = [&, row = row, column = column](Value step) {
      operands.put(ring, t.add(first, step), row, column, t.multiply(step, t.index(tiling.depth)));
    };
    t.loop(zero, t.index(ahead), one, {}, [&](Value step, ValueRange) {
      put(step);
      return Values();
    });
    Values sum =
        t.loop(zero, t.index(steps), one, t.fill(t.real(0), sums), [&](Value step, ValueRange acc) {
          Value use = t.add(first, step);
          Values slots = t.get(ring, use);
          if (ahead < steps) {
            Value next = t.add(step, t.index(ahead));
            t.when(t.isLess(next, t.index(steps)), [&] { put(next); });
          }
          Value a = t.load(slots[0], left), b = t.load(slots[1], right);
          Value product = t.mma(a, b, acc[0]);
          t.release(ring, use);
          return Values{product};
        });
    storeResult(t, problem, epilogue, sum[0], {row, problem.rows, tiling.rows},
                {column, problem.columns, tiling.columns});
    return t.add(first, t.index(steps));
  });
  return t.finish();
}

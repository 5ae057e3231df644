// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention on sm_80: queries stay in registers as left factors, keys and values come some steps ahead.

#include "lib/Target/Nvidia/AttentionParts.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

FailureOr<func::FuncOp> nvidia::buildAttentionSm80(OpBuilder &builder, Location loc, StringRef name,
                                                   const AttentionProblem &problem,
                                                   const AttentionTilingSm80 &tiling) {
  if (failed(tiling.check(loc, problem)))
    return failure();
  TileBuilder t(builder, loc, name, attentionArguments(builder.getContext(), problem));
  SmallVector<int64_t> warps = {tiling.warps, 1};
  auto fragments = [&](int64_t rows, int64_t columns, Type element, tile::Layout layout) {
    return t.reg(rows, columns, element, layout, warps);
  };
  int64_t size = problem.headSize;
  AttentionParts parts(t, problem, tiling.queries, tiling.keys,
                       fragments(tiling.queries, tiling.keys, t.f32(), tile::Layout::mma_c),
                       fragments(tiling.queries, size, t.f32(), tile::Layout::mma_c));
  tile::RegType left = fragments(tiling.queries, size, problem.element, tile::Layout::mma_a);
  tile::RegType keyFactor = fragments(size, tiling.keys, problem.element, tile::Layout::mma_b);
  tile::RegType valueFactor = fragments(tiling.keys, size, problem.element, tile::Layout::mma_b);

  Value staged = t.alloc(parts.queryPlace);
  Value ring = t.ring(t.ringOf(tiling.stages, {parts.keyPlace, parts.valuePlace},
                               tile::Transport::cp_async, /*readers=*/1));
  Value ahead = t.index(tiling.stages - 1);
  parts.forWork([&](const Work &work, Value first, Value) {
    t.barrier(); // everybody has read the queries before
    t.copy(parts.queryWindow(work), staged);
    t.barrier();
    Value queries = t.load(staged, left);
    t.loop(t.index(0), t.min(ahead, work.steps), t.index(1), {}, [&](Value step, ValueRange) {
      parts.putKeysAndValues(ring, t.add(first, step), work, step);
      return Values();
    });
    Softmax result = parts.forSteps(work, [&](Value step, const Softmax &state, bool isMasked) {
      Value next = t.add(step, ahead), use = t.add(first, step);
      t.when(t.isLess(next, work.steps),
             [&] { parts.putKeysAndValues(ring, t.add(first, next), work, next); });
      Values slots = t.get(ring, use);
      Value scores = t.mma(queries, t.load(slots[0], keyFactor), t.fill(t.real(0), parts.scores));
      Softmax after = parts.advance(
          state, scores, work.row, step, isMasked, tile::Layout::mma_a,
          [&](Value p, Value output) { return t.mma(p, t.load(slots[1], valueFactor), output); });
      t.release(ring, use);
      return after;
    });
    parts.finish(result, work, work.row);
  });
  return t.finish();
}

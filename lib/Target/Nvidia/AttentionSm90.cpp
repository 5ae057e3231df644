// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention on sm_90a: a producer puts queries, keys and values; consumers multiply 64 queries or more each, with
// probabilities as left factors from registers.

#include "lib/Target/Nvidia/AttentionParts.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

FailureOr<func::FuncOp> nvidia::buildAttentionSm90(OpBuilder &builder, Location loc, StringRef name,
                                                   const AttentionProblem &problem,
                                                   const AttentionTilingSm90 &tiling) {
  if (failed(tiling.check(loc, problem)))
    return failure();
  TileBuilder t(builder, loc, name, attentionArguments(builder.getContext(), problem));
  int64_t size = problem.headSize, queries = tiling.queries / tiling.consumers;
  AttentionParts parts(t, problem, tiling.queries, tiling.keys,
                       t.reg(queries, tiling.keys, t.f32(), tile::Layout::wgmma_c),
                       t.reg(queries, size, t.f32(), tile::Layout::wgmma_c));
  auto part =
      tile::MemType::get(builder.getContext(), {queries, size}, problem.element,
                         tile::Space::shared, tile::Order::rows, parts.queryPlace.getForm());
  Value queryRing =
      t.ring(t.ringOf(/*stages=*/1, {parts.queryPlace}, tile::Transport::tma, tiling.consumers));
  Value ring = t.ring(t.ringOf(tiling.stages, {parts.keyPlace, parts.valuePlace},
                               tile::Transport::tma, tiling.consumers));

  auto produce = [&](const Work &work, Value first, Value number) {
    t.put(queryRing, number, [&](ValueRange slot) { t.copy(parts.queryWindow(work), slot[0]); });
    t.loop(t.index(0), work.steps, t.index(1), {}, [&](Value step, ValueRange) {
      parts.putKeysAndValues(ring, t.add(first, step), work, step);
      return Values();
    });
  };
  auto consume = [&](const Work &work, Value first, Value number, Value offset) {
    Value row = t.add(work.row, offset);
    Value mine = t.view(t.get(queryRing, number)[0], offset, t.index(0), part);
    Softmax result = parts.forSteps(work, [&](Value step, const Softmax &state, bool isMasked) {
      Value use = t.add(first, step);
      Values slots = t.get(ring, use);
      Value scores = t.mma(mine, slots[0], t.fill(t.real(0), parts.scores));
      Softmax after =
          parts.advance(state, scores, row, step, isMasked, tile::Layout::wgmma_a,
                        [&](Value p, Value output) { return t.mma(p, slots[1], output); });
      t.release(ring, use);
      return after;
    });
    t.release(queryRing, number);
    parts.finish(result, work, row);
  };
  t.roles([&] {
    t.role("producer", 1, 4, tiling.producerRegisters, [&](Value) { parts.forWork(produce); });
    t.role("consumer", tiling.consumers, 4, tiling.consumerRegisters, [&](Value which) {
      Value offset = t.multiply(which, t.index(queries));
      parts.forWork([&](const Work &work, Value first, Value number) {
        consume(work, first, number, offset);
      });
    });
  });
  return t.finish();
}

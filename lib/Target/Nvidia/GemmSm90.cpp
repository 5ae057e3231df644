// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product on sm_90a: a producer puts slices as slots become free, consumers multiply their rows from shared
// memory. Rings run on from tile to tile, so that the next tile's copies pass under this one's stores.

#include "lib/Target/Nvidia/GemmParts.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

namespace {
/// Builds one product.
class GemmBuilder {
public:
  GemmBuilder(TileBuilder &t, const GemmProblem &problem, const GemmTilingSm90 &tiling,
              const Epilogue &epilogue)
      : t(t), problem(problem), tiling(tiling), epilogue(epilogue),
        operands(t, problem, tiling.rows, tiling.columns, tiling.depth, rowsOfOne()),
        grid(t, problem, tiling.rows, tiling.columns),
        steps(llvm::divideCeil(problem.depth, tiling.depth)) {}

  void build() {
    ring = t.ring(
        t.ringOf(tiling.stages, {operands.a, operands.b}, operands.transport(), tiling.consumers));
    t.roles([&] {
      t.role("producer", 1, 4, tiling.producerRegisters, [&](Value) { produce(); });
      t.role("consumer", tiling.consumers, 4, tiling.consumerRegisters,
             [&](Value which) { consume(t.multiply(which, t.index(rowsOfOne()))); });
    });
  }

private:
  int64_t rowsOfOne() const { return tiling.rows / tiling.consumers; }
  void produce();
  void consume(Value offset);
  /// The sums over all slices, the first of which is use `first`.
  Value multiply(Value offset, Value first);
  Value multiplyOverlapped(Value offset, Value first);
  /// The slot's places for the consumer at `offset`: its rows of A, all of B.
  std::pair<Value, Value> factors(Value offset, Value use);
  tile::RegType sums() {
    return t.reg(rowsOfOne(), tiling.columns, t.f32(), tile::Layout::wgmma_c);
  }

  TileBuilder &t;
  const GemmProblem &problem;
  const GemmTilingSm90 &tiling;
  const Epilogue &epilogue;
  Operands operands;
  Grid grid;
  int64_t steps;
  Value ring;
};
} // namespace

void GemmBuilder::produce() {
  grid.forTiles([&](Value tile, Value first) {
    auto [row, column] = grid.placeOf(tile);
    t.loop(t.index(0), t.index(steps), t.index(1), {},
           [&, row = row, column = column](Value step, ValueRange) {
             operands.put(ring, t.add(first, step), row, column,
                          t.multiply(step, t.index(tiling.depth)));
             return Values();
           });
    return t.add(first, t.index(steps));
  });
}

void GemmBuilder::consume(Value offset) {
  grid.forTiles([&](Value tile, Value first) {
    auto [row, column] = grid.placeOf(tile);
    Value sum = tiling.overlap ? multiplyOverlapped(offset, first) : multiply(offset, first);
    storeResult(t, problem, epilogue, sum, {t.add(row, offset), problem.rows, tiling.rows},
                {column, problem.columns, tiling.columns});
    return t.add(first, t.index(steps));
  });
}

std::pair<Value, Value> GemmBuilder::factors(Value offset, Value use) {
  Values slots = t.get(ring, use);
  auto mine =
      tile::MemType::get(t.getBuilder().getContext(), {rowsOfOne(), tiling.depth}, problem.element,
                         tile::Space::shared, problem.a, operands.a.getForm());
  return {t.view(slots[0], offset, t.index(0), mine), slots[1]};
}

Value GemmBuilder::multiply(Value offset, Value first) {
  Value start = t.fill(t.real(0), sums());
  return t.loop(t.index(0), t.index(steps), t.index(1), start, [&](Value step, ValueRange acc) {
    Value use = t.add(first, step);
    auto [a, b] = factors(offset, use);
    Value done = t.mmaWait(t.mmaStart(a, b, acc[0]), 0);
    t.release(ring, use);
    return Values{done};
  })[0];
}

/// A slice is released when the product after it has been started and its own has ended.
Value GemmBuilder::multiplyOverlapped(Value offset, Value first) {
  auto [a, b] = factors(offset, first);
  Value flying = t.mmaStart(a, b, t.fill(t.real(0), sums()));
  flying = t.loop(t.index(1), t.index(steps), t.index(1), flying, [&](Value step, ValueRange acc) {
    Value use = t.add(first, step);
    auto [a, b] = factors(offset, use);
    Value next = t.mmaWait(t.mmaStart(a, b, acc[0]), 1);
    t.release(ring, t.subtract(use, t.index(1)));
    return Values{next};
  })[0];
  Value done = t.mmaWait(flying, 0);
  t.release(ring, t.add(first, t.index(steps - 1)));
  return done;
}

FailureOr<func::FuncOp> nvidia::buildGemmSm90(OpBuilder &builder, Location loc, StringRef name,
                                              const GemmProblem &problem,
                                              const GemmTilingSm90 &tiling,
                                              const Epilogue &epilogue) {
  if (failed(tiling.check(loc, problem)) || failed(checkEpilogue(loc, problem, epilogue)))
    return failure();
  TileBuilder t(builder, loc, name, gemmArguments(problem, epilogue));
  GemmBuilder(t, problem, tiling, epilogue).build();
  return t.finish();
}

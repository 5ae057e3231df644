// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packing of the right-hand matrix of a product into panels.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Shuffle.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace dreamer::kernels {

void packPanel(Kernel &kernel, const Panels &panels, Panel panel, Val from, Val to, Mem packed,
               Val base, function_ref<Val(Val, Val, Lanes)> source) {
  int64_t lanes = panels.block.lanes;
  kernel.loop(from, to, 1, [&](Val k) {
    for (int64_t j = 0; j < panel.vectors; ++j) {
      Val column = panel.index * panels.width() + j * lanes;
      packed.store(source(k, column, panel.lanes(j)), {base + addressInPanel(panels, panel, k, j)},
                   Lanes::all(lanes));
    }
  });
}

void packTransposedPanel(Kernel &kernel, const Panels &panels, Panel panel, Mem matrix, Val offset,
                         int64_t stride, Mem packed, Val base) {
  int64_t lanes = panels.block.lanes, depth = panels.depth, whole = depth / lanes * lanes;
  for (int64_t j = 0; j < panel.vectors; ++j) {
    Val column = panel.index * panels.width() + j * lanes;
    auto square = [&](Val k, int64_t count) {
      Vals rows;
      for (int64_t i = 0; i < lanes; ++i)
        rows.push_back(i < panel.lanes(j).valid
                           ? matrix.load({offset + (column + i) * stride + k}, {lanes, count})
                           : kernel.f32(0, lanes));
      rows = transpose(rows);
      for (int64_t i = 0; i < count; ++i)
        packed.store(rows[i], {base + addressInPanel(panels, panel, k + i, j)}, Lanes::all(lanes));
    };
    kernel.loop(0, whole, lanes, [&](Val k) { square(k, lanes); });
    if (whole < depth)
      square(whole, depth - whole);
  }
}

Value preparePanels(ScheduleBuilder &schedule, const Panels &panels, int64_t count, bool transposed,
                    Value matrices) {
  int64_t perMatrix = panels.depth * panels.rowLength();
  bool narrow = panels.block.narrow();
  Shares shares = Shares::of(count * panels.count(), panels.depth * panels.width());
  auto type = MemRefType::get({count * panels.size()}, panels.block.factorType(schedule.builder()));
  auto packOne = [&](Kernel &k, Panel panel, Val offset, Val base) {
    Mem source = k.mem(0).flat(), target = k.mem(1);
    if (narrow)
      return transposed
                 ? packTransposedPairs(k, panels, panel, source, offset, panels.depth, target, base)
                 : packPanelPairs(k, panels, panel, source, offset, panels.rowLength(), target,
                                  base);
    if (transposed)
      return packTransposedPanel(k, panels, panel, source, offset, panels.depth, target, base);
    packPanel(k, panels, panel, 0, panels.depth, target, base,
              [&](Val row, Val column, Lanes lanes) {
                return source.load({offset + row * panels.rowLength() + column}, lanes);
              });
  };
  return prepare(schedule, transposed ? "pack_transposed" : "pack", matrices,
                 {count, panels.depth, panels.columns, panels.width()}, type, shares.tasks(),
                 [&](Kernel &k) {
                   k.forShare(shares, [&](Val item) {
                     Val matrix = count == 1 ? Val(0) : item / panels.count();
                     Val index = count == 1 ? item : item % panels.count();
                     Val offset = matrix * perMatrix, base = matrix * panels.size();
                     forPanels(k, panels, index, index + 1,
                               [&](Panel panel) { packOne(k, panel, offset, base); });
                   });
                 });
}

Value prepareWide(ScheduleBuilder &schedule, Value operand) {
  if (!tensorType(operand).getElementType().isBF16())
    return schedule.buffer(operand);
  int64_t n = elementsOf(operand);
  Shares shares = elementShares(schedule, n, 1);
  auto type = MemRefType::get(tensorType(operand).getShape(), schedule.builder().getF32Type());
  return prepare(schedule, "widen", operand, {}, type, shares.tasks(), [&](Kernel &k) {
    Mem from = k.mem(0).flat(), to = k.mem(1).flat();
    forElements(k, shares, n,
                [&](Val i, Lanes lanes) { to.store(from.load({i}, lanes), {i}, lanes); });
  });
}

void forWholeVectors(Kernel &kernel, int64_t width,
                     function_ref<void(int64_t at, int64_t lanes)> body) {
  for (int64_t at = 0, lanes; at < width; at += lanes) {
    lanes = std::min(kernel.vectorLanes(),
                     static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(width - at))));
    body(at, lanes);
  }
}

Value prepareRuns(ScheduleBuilder &schedule, Value matrix, int64_t depth, int64_t rows) {
  int64_t step = RegisterBlock::of(schedule).rows;
  // Some rows of the matrix at a time: what a run gets of them lies side by side, and no cache line of
  // the matrix is read twice from afar.
  constexpr int64_t together = 16;
  int64_t blocks = ceilDiv(depth, together);
  Shares shares = Shares::of(blocks, 2 * rows * together);
  auto type = MemRefType::get({ceilDiv(rows, step), depth, step}, schedule.builder().getF32Type());
  return prepare(schedule, "pack_left", matrix, {depth, rows}, type, shares.tasks(),
                 [&](Kernel &k) {
                   Mem from = k.mem(0).view({depth, rows}), to = k.mem(1);
                   auto copy = [&](Val first, int64_t count, Val run, int64_t width) {
                     k.loop(first, first + count, 1, [&](Val d) {
                       forWholeVectors(k, width, [&](int64_t i, int64_t lanes) {
                         to.store(from.load({d, run * step + i}, Lanes::all(lanes)), {run, d, i},
                                  Lanes::all(lanes));
                       });
                     });
                   };
                   auto block = [&](Val d, int64_t count) {
                     k.loop(0, rows / step, 1, [&](Val run) { copy(d, count, run, step); });
                     if (rows % step)
                       copy(d, count, rows / step, rows % step);
                   };
                   k.forShare(shares, [&](Val index) {
                     if (depth % together == 0)
                       return block(index * together, together);
                     k.when(less(index, blocks - 1), [&] { block(index * together, together); });
                     k.when(equal(index, blocks - 1),
                            [&] { block((blocks - 1) * together, depth % together); });
                   });
                 });
}

} // namespace dreamer::kernels

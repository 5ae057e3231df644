// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Shuffle.h"

using namespace mlir;

namespace dreamer::kernels {

/// Pairs in a vector, and elements.
static constexpr int64_t side = 16, line = 2 * side;

static Val zeros(Kernel &k, int64_t width) {
  return k.number(0.0, VectorType::get(width, k.getBuilder().getBF16Type()));
}

//===----------------------------------------------------------------------===//
// Right factors
//===----------------------------------------------------------------------===//

void packPairs(Kernel &k, const Panels &panels, Panel panel, Val from, Val to, Mem packed, Val base,
               function_ref<Val(Val, Val, Lanes)> source) {
  k.loop(from, to, 2, [&](Val row) {
    for (int64_t j = 0; j < panel.vectors; ++j) {
      Val column = panel.index * panels.width() + j * side;
      Val both =
          interleave(source(row, column, panel.lanes(j)), source(row + 1, column, panel.lanes(j)));
      packed.store(both, {base + addressInPanel(panels, panel, row, j)}, Lanes::all(line));
    }
  });
}

void packPanelPairs(Kernel &k, const Panels &panels, Panel panel, Mem matrix, Val offset,
                    int64_t stride, Mem packed, Val base) {
  int64_t depth = panels.depth, even = depth / 2 * 2;
  Mem raw = matrix.asItIs();
  packPairs(k, panels, panel, 0, even, packed, base, [&](Val row, Val column, Lanes lanes) {
    return raw.load({offset + row * stride + column}, lanes);
  });
  // The last row alone, and rows of zeros up to the padded depth.
  for (int64_t row = even; row < panels.paddedDepth(); row += 2)
    for (int64_t j = 0; j < panel.vectors; ++j) {
      Val column = panel.index * panels.width() + j * side, none = zeros(k, side);
      Val first = row < depth ? raw.load({offset + row * stride + column}, panel.lanes(j)) : none;
      packed.store(interleave(first, none), {base + addressInPanel(panels, panel, row, j)},
                   Lanes::all(line));
    }
}

void packTransposedPairs(Kernel &k, const Panels &panels, Panel panel, Mem matrix, Val offset,
                         int64_t stride, Mem packed, Val base) {
  int64_t depth = panels.depth, whole = depth / line * line;
  Mem raw = matrix.asItIs();
  for (int64_t j = 0; j < panel.vectors; ++j) {
    Val column = panel.index * panels.width() + j * side;
    // A pair of rows of B lies side by side in a row of the matrix.
    auto square = [&](Val row, int64_t valid, int64_t padded) {
      Vals lines;
      for (int64_t i = 0; i < side; ++i)
        lines.push_back(
            pairsToLanes(i < panel.lanes(j).valid
                             ? raw.load({offset + (column + i) * stride + row}, Lanes{line, valid})
                             : zeros(k, line)));
      lines = transpose(lines);
      for (int64_t i = 0; i < padded / 2; ++i)
        packed.store(lanesToPairs(lines[i]), {base + addressInPanel(panels, panel, row + 2 * i, j)},
                     Lanes::all(line));
    };
    k.loop(0, whole, line, [&](Val row) { square(row, line, line); });
    if (whole < depth)
      square(whole, depth - whole, panels.paddedDepth() - whole);
  }
}

//===----------------------------------------------------------------------===//
// Left factors
//===----------------------------------------------------------------------===//

void copyRow(Kernel &k, Mem matrix, ArrayRef<Val> at, int64_t columns, std::optional<Val> there,
             Mem to, Val row) {
  int64_t padded = to.features(), whole = columns / line * line;
  Mem from = matrix.asItIs();
  auto copy = [&](Val column, int64_t valid, int64_t written) {
    Val pairs = pairsToLanes(from.load({at[0], at[1] + column}, Lanes{line, valid}));
    if (there)
      pairs = select(*there, pairs, 0);
    to.store(lanesToPairs(pairs), {row, column}, Lanes{line, written});
  };
  k.loop(0, whole, line, [&](Val column) { copy(column, line, line); });
  if (whole < padded)
    copy(whole, columns - whole, padded - whole);
}

void transposeRows(function_ref<Val(int64_t)> source, Mem to, Val row, int64_t rows, Val at,
                   int64_t count) {
  Vals lines;
  for (int64_t i = 0; i < side; ++i)
    lines.push_back(pairsToLanes(interleave(source(2 * i), source(2 * i + 1))));
  lines = transpose(lines);
  for (int64_t i = 0; i < rows; ++i)
    to.store(lanesToPairs(lines[i]), {row + i, at}, Lanes{line, count});
}

/// Columns `column` and on of all rows of `from` [depth, rows], as rows.
static void transposeStrip(Kernel &k, Mem from, Mem to, Val column, int64_t valid,
                           int64_t written) {
  int64_t depth = from.size(0), padded = to.size(1), whole = depth / line * line;
  auto square = [&](Val row, int64_t there, int64_t count) {
    for (int64_t first = 0; first < written; first += side) {
      Lanes lanes{side, std::clamp<int64_t>(valid - first, 0, side)};
      transposeRows(
          [&](int64_t i) {
            return i < there ? from.load({row + i, column + first}, lanes) : zeros(k, side);
          },
          to, column + first, std::min(side, written - first), row, count);
    }
  };
  k.loop(0, whole, line, [&](Val row) { square(row, line, line); });
  if (whole < padded)
    square(whole, depth - whole, padded - whole);
}

Shares transposeShares(int64_t rows, int64_t depth) {
  return Shares::of(ceilDiv(rows, line), 2 * line * depth);
}

void transposeShare(Kernel &k, const Shares &shares, Mem matrix, int64_t rows, Mem to) {
  Mem from = matrix.asItIs();
  int64_t padded = to.size(0), whole = rows / line;
  k.forShare(shares, [&](Val strip) {
    auto run = [&](int64_t valid, int64_t written) {
      transposeStrip(k, from, to, strip * line, valid, written);
    };
    if (padded == whole * line)
      return run(line, line);
    k.when(less(strip, whole), [&] { run(line, line); });
    k.when(equal(strip, whole), [&] { run(rows - whole * line, padded - whole * line); });
  });
}

/// Rows of bf16 with zeros after them, up to those of `to`.
static void padRows(Kernel &k, Shares shares, int64_t rows, int64_t depth) {
  Mem from = k.mem(0).view({rows, depth}), to = k.mem(1);
  k.forShare(shares, [&](Val row) {
    if (rows == to.size(0))
      return copyRow(k, from, {row, 0}, depth, std::nullopt, to, row);
    copyRow(k, from, {min(row, rows - 1), 0}, depth, less(row, rows), to, row);
  });
}

Value prepareLeft(ScheduleBuilder &schedule, const RegisterBlock &block, Value operand,
                  bool transposed, int64_t rows, int64_t depth) {
  int64_t paddedRows = roundUp(rows, block.rowStep()), paddedDepth = block.paddedDepth(depth);
  if (!transposed && rows == paddedRows && depth == paddedDepth)
    return schedule.buffer(operand);
  auto type = MemRefType::get({paddedRows, paddedDepth}, schedule.builder().getBF16Type());
  Shares shares = transposed ? transposeShares(paddedRows, depth) : Shares::of(paddedRows, depth);
  return prepare(schedule, transposed ? "transpose_left" : "pad_left", operand,
                 {rows, depth, paddedRows, paddedDepth}, type, shares.tasks(), [&](Kernel &k) {
                   if (!transposed)
                     return padRows(k, shares, rows, depth);
                   transposeShare(k, shares, k.mem(0).view({depth, rows}), rows, k.mem(1));
                 });
}

} // namespace dreamer::kernels

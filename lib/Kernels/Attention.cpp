// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Attention.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Tuning.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace dreamer::kernels {

void weightedSum(Kernel &k, Val count, int64_t columns, function_ref<Val(Val)> weight,
                 function_ref<Val(Val, Val, Lanes)> row,
                 function_ref<void(Val, Val, Lanes)> store) {
  weightedSums(
      k, 1, count, columns, [&](Val i, int64_t) { return weight(i); }, row,
      [&](int64_t, Val column, Val sum, Lanes lanes) { store(column, sum, lanes); });
}

void weightedSums(Kernel &k, int64_t sums, Val count, int64_t columns,
                  function_ref<Val(Val, int64_t)> weight, function_ref<Val(Val, Val, Lanes)> row,
                  function_ref<void(int64_t, Val, Val, Lanes)> store) {
  // As many vectors at a time as stay in registers.
  int64_t together = std::max<int64_t>(1, 8 / sums), width = k.lanesFor(columns);
  for (int64_t first = 0; first < columns; first += together * width) {
    SmallVector<std::pair<int64_t, Lanes>> parts;
    for (int64_t at = first; at < std::min(columns, first + together * width); at += width)
      parts.push_back({at, {width, std::min(width, columns - at)}});
    Vals state(sums * parts.size(), k.f32(0, width));
    state = k.loop(0, count, 1, state, [&](Val i, ArrayRef<Val> carried) {
      Vals factors, next;
      for (int64_t n = 0; n < sums; ++n)
        factors.push_back(splat(weight(i, n), width));
      for (auto [j, part] : llvm::enumerate(parts)) {
        Val x = row(i, part.first, part.second);
        for (auto [n, factor] : llvm::enumerate(factors))
          next.push_back(fma(factor, x, carried[j * sums + n]));
      }
      return next;
    });
    for (auto [j, part] : llvm::enumerate(parts))
      for (int64_t n = 0; n < sums; ++n)
        store(n, part.first, state[j * sums + n], part.second);
  }
}

SequenceShape SequenceShape::with(RegisterBlock block, int64_t blocks, int64_t keys) const {
  SequenceShape shape = *this;
  shape.block = block;
  // Of bf16, 32 queries are transposed at a time.
  shape.queryBlock = roundUp(blocks * block.rows, block.narrow() ? 32 : 1);
  int64_t unit = std::lcm(block.width(), block.rows); // whole panels and whole blocks of rows
  shape.keyBlock = std::min(roundUp(positions, unit), roundUp(keys, unit));
  return shape;
}

SequenceShape SequenceShape::of(ValueRange factors, int64_t heads, int64_t kvHeads,
                                const KernelTarget &target) {
  RankedTensorType type = tensorType(factors.front());
  SequenceShape shape{
      type.getDimSize(0), type.getDimSize(1), heads, kvHeads, type.getDimSize(2) / heads, {}, 0, 0};
  // A block of scores, queries by keys, stays in the first-level cache.
  RegisterBlock block = RegisterBlock::of(target, llvm::all_of(factors, isNarrow));
  return shape.with(block, block.products == NarrowProducts::tiles ? 1 : 2, 192);
}

SequenceShape SequenceShape::ofAdjoint(ValueRange factors, int64_t heads, int64_t kvHeads,
                                       const KernelTarget &target) {
  SequenceShape shape = of(factors, heads, kvHeads, target);
  // Sums over the queries of a block are added to memory once a block: many queries save additions, but
  // on the diagonal half of a block's scores are for nothing.
  int64_t blocks = shape.positions >= 384 ? 8 : shape.positions >= 96 ? 4 : 2;
  if (shape.straight().tiles())
    blocks = std::max<int64_t>(1, blocks / 4);
  return shape.with(shape.block, blocks, shape.keyBlocks() > 1 ? 96 : 192);
}

SequenceShape SequenceShape::tuned(const ScheduleBuilder &s) const {
  return with(RegisterBlock::of(s, block.narrow()), s.parameter(parameter::queryBlocks),
              s.parameter(parameter::keyBlock));
}

void SequenceShape::declareBlocks(KernelParameters &parameters, const KernelTarget &target,
                                  int64_t scoreBytes) const {
  if (!block.narrow())
    declareRegisterBlock(parameters, target, RegisterBlock::of(target));
  // Up to the first value that holds all positions.
  auto upTo = [&](SmallVector<int64_t> values, int64_t each) {
    while (values.size() > 1 && values[values.size() - 2] * each >= positions)
      values.pop_back();
    return values;
  };
  SmallVector<int64_t> queries = upTo({1, 2, 4, 8, 16}, block.rows);
  SmallVector<int64_t> keys = upTo({48, 96, 192, 384}, 1);
  parameters.add({KernelParameter::of(parameter::queryBlocks.str(),
                                      "queries worked on at a time, in blocks of rows", queries,
                                      std::min(queryBlock / block.rows, queries.back())),
                  KernelParameter::of(parameter::keyBlock.str(), "keys worked on at a time", keys,
                                      keyBlocks() == 1 ? keys.back() : keyBlock)});
  auto bytes = [shape = *this, scoreBytes](KernelParameters::Values value) {
    RegisterBlock block = shape.block;
    if (!block.narrow())
      block = {value(parameter::blockRows), value(parameter::blockVectors), block.lanes};
    SequenceShape with =
        shape.with(block, value(parameter::queryBlocks), value(parameter::keyBlock));
    return std::pair(scoreBytes * with.queryBlock * with.keyBlock,
                     shape.block.factorBytes() * shape.features *
                         (2 * with.keyBlock + with.queryBlock));
  };
  parameters.forbid([bytes](KernelParameters::Values value) -> std::string {
    int64_t scores = bytes(value).first;
    return scores <= mostStackBytes
               ? ""
               : "expected blocks of scores of at most " + std::to_string(mostStackBytes) +
                     " bytes, found query_blocks = " +
                     std::to_string(value(parameter::queryBlocks)) +
                     " and key_block = " + std::to_string(value(parameter::keyBlock)) +
                     ", which need " + std::to_string(scores);
  });
  parameters.setWorkingSet([bytes](KernelParameters::Values value) {
    auto [scores, heads] = bytes(value);
    return scores + heads;
  });
}

double SequenceShape::scale() const { return 1 / std::sqrt(static_cast<double>(features)); }

Value prepareLeftHeads(ScheduleBuilder &s, StringRef name, const SequenceShape &shape, Value x) {
  if (!shape.block.narrow())
    return prepareWide(s, x);
  int64_t rows = shape.paddedPositions(), features = shape.paddedFeatures();
  Value copies =
      scratch(s, {shape.batch * shape.heads * rows, features}, s.builder().getBF16Type());
  Shares shares = Shares::of(shape.batch * shape.heads * rows, features);
  launch(s, name, shares.tasks(), {s.buffer(x), copies}, [&](Kernel &k) {
    k.forShare(shares, [&](Val share) {
      Val item = share / rows, t = share % rows;
      Val row = item / shape.heads * shape.positions + min(t, shape.positions - 1);
      copyRow(k, k.mem(0).rows(), {row, item % shape.heads * shape.features}, shape.features,
              less(t, shape.positions), k.mem(1), share);
    });
  });
  return copies;
}

Value leftOfHead(Kernel &k, const SequenceShape &shape, Mem heads, Val item, Val t, int64_t rows,
                 DepthRange depth) {
  Panels panels = shape.transposed();
  if (shape.block.narrow())
    return leftFactor(k, panels, heads, {item * shape.paddedPositions() + t, 0}, rows, depth);
  Val row = item / shape.heads * shape.positions + t;
  return leftFactor(k, panels, heads.rows(), {row, item % shape.heads * shape.features}, rows,
                    depth);
}

void multiplyTransposed(Kernel &k, const SequenceShape &shape, Mem heads, Val item, Mem packed,
                        Val head, Val from, Val to, Val firstKey, Val count, Epilogue epilogue) {
  Panels panels = shape.transposed();
  Val panel = firstKey / panels.width();
  Val panelEnd = (firstKey + count + (panels.width() - 1)) / panels.width();
  multiply(
      k, {panels, packed, head, {from, to, shape.positions}, panel, panelEnd},
      [&](Val t, int64_t rows, DepthRange depth) {
        return leftOfHead(k, shape, heads, item, t, rows, depth);
      },
      epilogue);
}

void multiplyStraight(Kernel &k, const SequenceShape &shape, Mem block, Mem packed, Val head,
                      Val from, Val to, Val firstKey, Val count, Epilogue epilogue) {
  Panels panels = shape.straight();
  multiply(
      k,
      {panels,
       packed,
       head,
       {from, to, shape.positions},
       0,
       panels.count(),
       {firstKey, shape.depth(count)}},
      [&](Val t, int64_t rows, DepthRange depth) {
        return leftFactor(k, panels, block, {t - from, 0 - firstKey}, rows, depth);
      },
      epilogue);
}

Value launchPackHeads(ScheduleBuilder &s, StringRef name, const SequenceShape &shape, Value x,
                      int64_t heads, bool transposed) {
  Panels panels = transposed ? shape.transposed() : shape.straight();
  bool narrow = shape.block.narrow();
  Value packed =
      scratch(s, {shape.batch * heads * panels.size()}, shape.block.factorType(s.builder()));
  int64_t stride = heads * shape.features;
  Shares shares = Shares::of(shape.batch * heads, 2 * panels.size());
  launch(s, name, shares.tasks(), {x, packed}, [&](Kernel &k) {
    Mem source = k.mem(0).flat(), target = k.mem(1);
    k.forShare(shares, [&](Val item) {
      Val base = item * panels.size();
      Val offset = (item / heads) * (shape.positions * stride) + (item % heads) * shape.features;
      forPanels(k, panels, 0, panels.count(), [&](Panel panel) {
        if (narrow)
          return transposed
                     ? packTransposedPairs(k, panels, panel, source, offset, stride, target, base)
                     : packPanelPairs(k, panels, panel, source, offset, stride, target, base);
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

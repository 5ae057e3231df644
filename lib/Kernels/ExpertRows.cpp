// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Attention.h"
#include "lib/Kernels/Dot.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

/// Half a register block, so that little is multiplied for nothing; of bf16 a whole one, where half gained nothing.
static int64_t runOf(const RegisterBlock &block) {
  bool halves = !block.narrow() && block.rows % 2 == 0;
  return halves ? block.rows / 2 : block.rows;
}

Mixture Mixture::of(Value ids, int64_t experts, int64_t features, int64_t hidden, bool narrow,
                    const KernelTarget &target) {
  RegisterBlock block = RegisterBlock::of(target, narrow);
  Mixture m{rowsOf(ids), featuresOf(ids), experts, features, hidden, block, 0, runOf(block)};
  // Every block reads its expert's weights, so it is as long as most runs are, as far as its rows
  // stay in half of a second-level cache of 512 KiB.
  int64_t step = block.rows, usual = m.pairs() / m.experts * 5 / 4,
          cached = 64 * 1024 / std::max(m.features, m.hidden);
  int64_t wanted = roundUp(std::min(usual, cached), step);
  m.blockRows = block.products == NarrowProducts::tiles ? std::clamp(wanted, 2 * step, 8 * step)
                                                        : std::clamp(wanted, 8 * step, 24 * step);
  return m;
}

Mixture Mixture::tuned(const ScheduleBuilder &s) const {
  Mixture m = *this;
  if (block.narrow())
    return m;
  m.block = RegisterBlock::of(s);
  m.run = runOf(m.block);
  m.blockRows = s.parameter(parameter::taskBlocks) * m.block.rows;
  return m;
}

void Mixture::declareBlocks(KernelParameters &parameters, const KernelTarget &target) const {
  if (block.narrow())
    return;
  declareRegisterBlock(parameters, target, block);
  parameters.add(
      {KernelParameter::of(parameter::taskBlocks.str(), "rows of a task, in blocks of rows",
                           {4, 8, 12, 16, 24, 32}, blockRows / block.rows)});
  int64_t wide = features + hidden, lanes = block.lanes;
  parameters.setWorkingSet([=](KernelParameters::Values value) {
    return 4 * wide *
           (value(parameter::taskBlocks) * value(parameter::blockRows) +
            value(parameter::blockVectors) * lanes);
  });
}

KernelParameters Mixture::forwardParameters(const KernelTarget &target) const {
  KernelParameters parameters;
  if (mayReadInPlace())
    parameters.add({KernelParameter::of(parameter::packWeights.str(),
                                        "whether weights are packed before they are multiplied",
                                        {0, 1}, rows >= fewRowsInLoop && pairs() > experts)});
  declareBlocks(parameters, target);
  return parameters;
}

bool Mixture::readsInPlace(const ScheduleBuilder &s) const {
  return mayReadInPlace() && !s.parameter(parameter::packWeights);
}

/// A counting sort: count, place the runs, place the pairs.
static void sortPairs(Kernel &k, const Mixture &m, Mem ids, Mem starts, Mem pairAt, Mem rowAt,
                      Mem placeOf, Mem blocks, bool someAbsent) {
  Type i32 = k.getBuilder().getI32Type();
  auto add = [](Mem at, Val i, Val n) { at.store(at.load({i}) + n, {i}); };
  // starts[e] first counts expert e, then is the place of its next pair, then the end of its
  // run before the gaps; the pass over blocks turns it into the start of the run again.
  k.loop(0, m.experts + 1, 1, [&](Val e) { starts.store(0, {e}); });
  auto forPairs = [&](function_ref<void(Val pair, Val expert)> body) {
    k.loop(0, m.pairs(), 1, [&](Val p) {
      Val id = ids.load({p});
      if (!someAbsent)
        return body(p, k.toIndex(id));
      k.when(less(-1, id), [&] { body(p, k.toIndex(id)); });
    });
  };
  forPairs([&](Val, Val expert) { add(starts, expert, 1); });
  auto clear = [&](Val from, Val to) {
    k.loop(from, to, 1, [&](Val place) {
      pairAt.store(-1, {place});
      rowAt.store(-1, {place});
    });
  };
  auto wholeRuns = [&](Val count) { return (count + (m.run - 1)) / m.run * m.run; };
  Vals end = k.loop(0, m.experts, 1, {k.index(0)}, [&](Val e, ArrayRef<Val> carried) {
    Val count = k.toIndex(starts.load({e}));
    starts.store(convert(carried[0], i32), {e});
    return Vals{carried[0] + wholeRuns(count)};
  });
  starts.store(convert(end[0], i32), {m.experts});
  forPairs([&](Val p, Val expert) {
    Val place = starts.load({expert});
    starts.store(place + 1, {expert});
    placeOf.store(place, {p});
    pairAt.store(convert(p, i32), {k.toIndex(place)});
    rowAt.store(convert(p / m.chosen, i32), {k.toIndex(place)});
  });
  Val blockRows = m.blockRows;
  Vals state = k.loop(0, m.experts, 1, {k.index(0), k.index(0)}, [&](Val e, ArrayRef<Val> carried) {
    Val filled = k.toIndex(starts.load({e})), from = carried[0];
    Val to = from + wholeRuns(filled - from);
    clear(filled, to);
    starts.store(convert(from, i32), {e});
    Vals block = k.loop(from, to, blockRows, {carried[1]}, [&](Val at, ArrayRef<Val> index) {
      blocks.store(convert(e, i32), {index[0], 0});
      blocks.store(convert(at, i32), {index[0], 1});
      blocks.store(convert(min(at + blockRows, to), i32), {index[0], 2});
      return Vals{index[0] + 1};
    });
    return Vals{to, block[0]};
  });
  clear(state[0], m.places());
  k.loop(state[1], m.blocks(), 1, [&](Val block) { blocks.store(-1, {block, 0}); });
}

ProductRange productRange(const Mixture &m, const Panels &panels, Mem packed, Val expert, Val from,
                          Val to) {
  RowRange rows{from, to};
  rows.grain = m.run;
  return {panels, panels.of(packed, m.experts), expert, rows, 0, panels.count()};
}

ExpertRows launchSort(ScheduleBuilder &s, const Mixture &m, Value ids, bool someAbsent) {
  Type i32 = s.builder().getI32Type();
  ExpertRows rows{scratch(s, {m.experts + 1}, i32), scratch(s, {m.places(), 1}, i32),
                  scratch(s, {m.places(), 1}, i32), scratch(s, {m.pairs()}, i32),
                  scratch(s, {m.blocks(), 3}, i32)};
  launch(s, "sort", 1, {ids, rows.starts, rows.pairAt, rows.rowAt, rows.placeOf, rows.blocks},
         [&](Kernel &k) {
           sortPairs(k, m, k.mem(0).flat(), k.mem(1), k.mem(2).flat(), k.mem(3).flat(), k.mem(4),
                     k.mem(5), someAbsent);
         });
  return rows;
}

/// Rows of a matrix as the places from `place` on have them, `rowAt` [places, 1] being a place's row, from `column` on;
/// `valid` of their columns are there, and none where the row is -1.
static Value gatherRows(Kernel &k, Mem matrix, Mem rowAt, Val place, int64_t rows, int64_t columns,
                        Val column, int64_t valid) {
  Value ids = viewTile(k, rowAt, {place, 0}, rows, 1);
  auto type = tile::MemType::get(k.getBuilder().getContext(), {rows, columns},
                                 matrix.getType().getElementType(), tile::Space::global,
                                 tile::Order::rows, tile::Form::plain);
  Value there = valid < columns ? k.materializeIndex(valid) : Value();
  return k.create<tile::RowsOp>(type, matrix.get(), ids, k.materializeIndex(column), there);
}

void requireExperts(ScheduleBuilder &s, Value ids, int64_t experts) {
  s.requireRange(s.buffer(ids), 0, experts,
                 ("expert ids: expected ids in [0, " + Twine(experts) + ")").str());
}

void forExpertBlock(Kernel &k, Mem blocks, function_ref<void(Val, Val, Val)> body) {
  Val expert = blocks.load({k.task, 0});
  k.when(less(-1, expert), [&] {
    body(k.toIndex(expert), k.toIndex(blocks.load({k.task, 1})),
         k.toIndex(blocks.load({k.task, 2})));
  });
}

Value placeByPair(Kernel &k, const ProductBlock &block, Mem matrix, Mem pairAt) {
  return gatherRows(k, matrix, pairAt, block.row, block.rows, block.columns, block.column,
                    block.valid);
}

PlaceFactor::PlaceFactor(ScheduleBuilder &s, const Mixture &m, Value operand,
                         SmallVectorImpl<Value> &buffers)
    : argument(buffers.size()) {
  if (!m.block.narrow()) {
    buffers.push_back(prepareWide(s, operand));
    return;
  }
  buffers.push_back(s.buffer(operand));
  buffers.push_back(scratch(s, {m.places(), m.block.paddedDepth(featuresOf(operand))},
                            s.builder().getBF16Type()));
}

std::function<Value(Val, int64_t, DepthRange)>
PlaceFactor::prepare(Kernel &k, const Panels &panels, Mem at, Val from, Val to) const {
  Mem matrix = k.mem(argument).rows();
  if (!panels.block.narrow())
    return [&k, matrix, at](Val place, int64_t rows, DepthRange) {
      int64_t columns = matrix.features();
      return gatherRows(k, matrix, at, place, rows, columns, 0, columns);
    };
  Mem copies = k.mem(argument + 1);
  k.loop(from, to, 1, [&](Val place) {
    Val id = at.load({place, 0});
    copyRow(k, matrix, {k.toIndex(max(id, 0)), 0}, matrix.features(), less(-1, id), copies, place);
  });
  return [&k, panels, copies](Val place, int64_t rows, DepthRange depth) {
    return leftFactor(k, panels, copies, {place, 0}, rows, depth);
  };
}

void launchCombine(ScheduleBuilder &s, StringRef name, const Mixture &m, Value values,
                   Value placeOf, Value weights, Value out) {
  SmallVector<Value> buffers{values, placeOf, out};
  if (weights)
    buffers.push_back(weights);
  Shares shares = Shares::of(m.rows, m.chosen * m.features);
  launch(s, name, shares.tasks(), buffers, [&](Kernel &k) {
    Mem values = k.mem(0), places = k.mem(1).view({m.rows, m.chosen}), out = k.mem(2).rows();
    k.forShare(shares, [&](Val row) {
      weightedSum(
          k, m.chosen, m.features,
          [&](Val j) { return weights ? k.mem(3).rows().load({row, j}) : k.f32(1); },
          [&](Val j, Val i, Lanes lanes) {
            return values.load({k.toIndex(places.load({row, j})), i}, lanes);
          },
          [&](Val i, Val sum, Lanes lanes) { out.store(sum, {row, i}, lanes); });
    });
  });
}

} // namespace dreamer::kernels

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// expert_weight_grad: for each expert the product of its rows' left and right factors. Rows are
// gathered in the order of experts and packed for the product, a chunk of them at a time: a chunk
// stays in cache, and what is packed takes little memory however many rows there are. Where all factors
// are bf16 and the target multiplies that, they are packed as it is.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Shuffle.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {

/// Places that are packed together.
struct Chunk {
  int64_t places;
  Value begin; ///< the first one, an index of the host

  static int64_t placesOf(const Mixture &m, int64_t width) {
    constexpr int64_t bytes = 8 << 20, most = 8;
    int64_t wanted = std::max(bytes / (m.block.factorBytes() * width), ceilDiv(m.places(), most));
    return std::min(roundUp(wanted, m.unit()), m.places());
  }
};

/// A factor's rows: where they lie, and memory to pack a chunk of them in.
struct Factor {
  Value source; ///< a row for each row of the mixture, or for each choice
  Value rowAt;  ///< which one a place has
  Value packed;
  int64_t columns;
};

/// One launch: what `write` makes of the places of a chunk that are there, in runs of some.
void launchPack(ScheduleBuilder &s, StringRef name, const Mixture &m, const Chunk &chunk,
                Value starts, const Factor &factor,
                function_ref<void(Kernel &, Val from, Val to, Val begin)> write) {
  // Lines of a run of the left factor; of bf16 what is transposed at a time.
  int64_t together = m.block.narrow() ? Mixture::line : 16;
  Shares shares = Shares::of(ceilDiv(chunk.places, together), 2 * together * factor.columns);
  launch(s, name, shares.tasks(), {factor.source, factor.rowAt, factor.packed, starts, chunk.begin},
         [&](Kernel &k) {
           Val begin = k.scalar(4), filled = k.toIndex(k.mem(3).load({m.experts}));
           Val end = max(min(filled - begin, chunk.places), 0);
           k.forShare(shares, [&](Val item) {
             Val from = item * together;
             write(k, min(from, end), min(from + together, end), begin);
           });
         });
}

/// Some columns of the row of bf16 that a place has, zeros where it has none.
Val loadNarrow(Kernel &k, Val place, Val column, Lanes lanes) {
  Val row = k.mem(1).load({place, 0});
  Val pairs = pairsToLanes(k.mem(0).rows().asItIs().load({k.toIndex(max(row, 0)), column}, lanes));
  return lanesToPairs(select(less(-1, row), pairs, 0));
}

/// The rows of a factor as a right-hand matrix.
void launchPackRight(ScheduleBuilder &s, const Mixture &m, const Chunk &chunk, Value starts,
                     const Factor &factor, const Panels &panels) {
  auto packRows = [&](Kernel &k, Panel panel, Val from, Val to, Val begin) {
    if (panels.block.narrow())
      return packPairs(k, panels, panel, from, to, k.mem(2), 0,
                       [&](Val place, Val column, Lanes lanes) {
                         return loadNarrow(k, begin + place, column, lanes);
                       });
    Mem matrix = k.mem(0).rows(), rowAt = k.mem(1);
    packPanel(k, panels, panel, from, to, k.mem(2), 0, [&](Val place, Val column, Lanes lanes) {
      // Where there is no row the left factor is 0.
      Val row = k.toIndex(max(rowAt.load({begin + place, 0}), 0));
      return matrix.load({row, column}, lanes);
    });
  };
  launchPack(s, "pack_right", m, chunk, starts, factor,
             [&](Kernel &k, Val from, Val to, Val begin) {
               forPanels(k, panels, 0, panels.count(),
                         [&](Panel panel) { packRows(k, panel, from, to, begin); });
             });
}

/// One run of a left factor's columns: [places][block rows].
void packRun(Kernel &k, Val run, int64_t step, int64_t width, Val from, Val to, Val begin) {
  Mem matrix = k.mem(0).rows(), rowAt = k.mem(1), runs = k.mem(2);
  k.loop(from, to, 1, [&](Val place) {
    Val row = rowAt.load({begin + place, 0});
    Val isThere = less(-1, row), at = k.toIndex(max(row, 0));
    forWholeVectors(k, width, [&](int64_t i, int64_t lanes) {
      Val value = matrix.load({at, run * step + i}, Lanes::all(lanes));
      runs.store(select(isThere, value, k.f32(0, lanes)), {run, place, i}, Lanes::all(lanes));
    });
  });
}

/// Rows of bf16 as columns, a line of places at a time. The places after the last run hold no pair: zeros.
void packTransposed(Kernel &k, const Mixture &m, int64_t columns, Val from, Val to, Val begin) {
  constexpr int64_t side = 16;
  int64_t whole = columns / side * side, padded = roundUp(columns, m.block.rowStep());
  k.loop(from, to, Mixture::line, [&](Val place) {
    auto square = [&](Val column, int64_t valid, int64_t written) {
      transposeRows(
          [&](int64_t i) { return loadNarrow(k, begin + place + i, column, Lanes{side, valid}); },
          k.mem(2), column, written, place, Mixture::line);
    };
    k.loop(0, whole, side, [&](Val column) { square(column, side, side); });
    if (whole < columns)
      square(whole, columns - whole, padded - whole);
  });
}

/// The rows of a factor as a left-hand matrix, its columns in runs of a register block's rows:
/// [columns / block rows][places][block rows]; of bf16 [columns, padded][places].
void launchPackLeft(ScheduleBuilder &s, const Mixture &m, const Chunk &chunk, Value starts,
                    const Factor &factor) {
  int64_t step = m.block.rows, whole = factor.columns / step, rest = factor.columns % step;
  launchPack(s, "pack_left", m, chunk, starts, factor, [&](Kernel &k, Val from, Val to, Val begin) {
    if (m.block.narrow())
      return packTransposed(k, m, factor.columns, from, to, begin);
    k.loop(0, whole, 1, [&](Val run) { packRun(k, run, step, step, from, to, begin); });
    if (rest)
      packRun(k, whole, step, rest, from, to, begin);
  });
}

/// Adds the products of a chunk's places to the experts' matrices `out` [N, rows, columns], or
/// stores them; `right` are the panels of the right factor.
void launchProduct(ScheduleBuilder &s, const Mixture &m, const Chunk &chunk, Value starts,
                   const Factor &left, const Panels &right, Value packedRight, Value out,
                   bool accumulate) {
  Panels average = right;
  average.depth = std::max<int64_t>(1, ceilDiv(chunk.places, m.experts));
  Tiles tiles = Tiles::of(s, left.columns, average);
  SmallVector<Value> arguments{starts, left.packed, packedRight, out, chunk.begin};
  launch(s, accumulate ? "add_product" : "product", m.experts * tiles.tasks(), arguments,
         /*contractions=*/1, [&](Kernel &k) {
           Mem starts = k.mem(0), packed = k.mem(1), out = k.mem(3);
           Val expert = k.task / tiles.tasks(), tile = k.task % tiles.tasks(), begin = k.scalar(4);
           auto inChunk = [&](Val place) {
             return min(max(k.toIndex(place) - begin, 0), chunk.places);
           };
           Val from = inChunk(starts.load({expert})), to = inChunk(starts.load({expert + 1}));
           auto place = [&](const ProductBlock &block) {
             return placeOf(k, block, out, {expert, block.row, block.column});
           };
           auto rowsOfLeft = [&](Val row, int64_t count, DepthRange places) {
             if (m.block.narrow())
               return leftFactor(k, right, packed, {row, 0}, count, places);
             return leftFactor(k, right, packed, {row / m.block.rows, 0, 0}, count, places,
                               tile::Order::columns);
           };
           // Not longer, so that parts of both factors stay in the first-level cache.
           int64_t longest = tiles.depthChunk;
           auto part = [&](Val first, bool accumulate) {
             Val count = min(to - first, longest);
             if (m.block.narrow()) // a whole number of steps, and seen to be one
               count = count / m.run * m.run;
             multiplyTile(k, right, tiles, tile, right.of(k.mem(2), 1), 0, {first, count},
                          rowsOfLeft, {place, accumulate});
           };
           if (!accumulate)
             part(from, false); // of an expert without places: zeros
           k.loop(accumulate ? from : from + longest, to, longest,
                  [&](Val first) { part(first, true); });
         });
}

} // namespace

static void buildExpertWeightGrad(ExpertWeightGradOp op, ScheduleBuilder &s) {
  Value ids = op.getIds(), right = op.getRight();
  int64_t experts = static_cast<int64_t>(op.getExperts()), columns = featuresOf(right), widest = 0;
  for (Value left : op.getLefts())
    widest = std::max(widest, featuresOf(left));
  RegisterBlock block =
      RegisterBlock::of(s, isNarrow(right) && llvm::all_of(op.getLefts(), isNarrow));
  // Blocks of rows, which the sort makes, are of no use here. Runs are the depth of the products.
  Mixture m{rowsOf(ids), featuresOf(ids), experts,         columns,
            widest,      block,           24 * block.rows, block.rows};
  s.requireRange(s.buffer(ids), -1, experts,
                 ("expert ids: expected ids in [0, " + Twine(experts) + ") or -1").str());
  ExpertRows sorted = launchSort(s, m, s.buffer(ids), /*someAbsent=*/true);
  int64_t places = Chunk::placesOf(m, columns + widest);
  Panels panels{places, columns, block};
  auto factorOf = [&](Value factor, Value packed) {
    bool ofChoices = tensorType(factor).getRank() > tensorType(ids).getRank();
    return Factor{s.buffer(factor), ofChoices ? sorted.pairAt : sorted.rowAt, packed,
                  featuresOf(factor)};
  };
  Type bf16 = s.builder().getBF16Type();
  Value packedRight = scratch(s, {panels.size()}, block.narrow() ? bf16 : Type());
  Value packedLeft = block.narrow() ? scratch(s, {roundUp(widest, block.rowStep()), places}, bf16)
                                    : scratch(s, {ceilDiv(widest, block.rows), places, block.rows});
  for (int64_t begin = 0; begin < m.places(); begin += places) {
    Chunk chunk{places, arith::ConstantIndexOp::create(s.builder(), s.loc(), begin)};
    launchPackRight(s, m, chunk, sorted.starts, factorOf(right, packedRight), panels);
    for (auto [left, out] : llvm::zip_equal(op.getLefts(), op.getDWeights())) {
      Factor factor = factorOf(left, packedLeft);
      launchPackLeft(s, m, chunk, sorted.starts, factor);
      launchProduct(s, m, chunk, sorted.starts, factor, panels, packedRight, s.buffer(out),
                    /*accumulate=*/!op.getSums().empty() || begin > 0);
    }
  }
}

void attachExpertWeightGradKernels(MLIRContext &context) {
  ExpertWeightGradOp::attachInterface<AccumulatingModel<ExpertWeightGradOp, buildExpertWeightGrad>>(
      context);
}

} // namespace dreamer::kernels

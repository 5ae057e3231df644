// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// expert_weight_grad: for each expert the product of its rows' left and right factors. Rows are
// gathered in the order of experts and packed for the product, a chunk of them at a time: a chunk
// stays in cache, and what is packed takes little memory however many rows there are.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {

/// Places that are packed together.
struct Chunk {
  int64_t places;
  Value begin; ///< the first one, an index of the host

  static int64_t placesOf(const Mixture &m, int64_t width) {
    constexpr int64_t bytes = 8 << 20, most = 8;
    int64_t wanted = std::max(bytes / (4 * width), ceilDiv(m.places(), most));
    return std::min(roundUp(wanted, m.block.rows), m.places());
  }
};

/// One launch: what `write` makes of the places of a chunk that are there, in runs of some.
void launchPack(ScheduleBuilder &s, StringRef name, const Chunk &chunk, const ExpertRows &sorted,
                Value rowAt, Value source, Value packed, int64_t width, int64_t experts,
                function_ref<void(Kernel &, Val from, Val to, Val begin)> write) {
  constexpr int64_t together = 16; // lines of a run of the left factor
  Shares shares = Shares::of(ceilDiv(chunk.places, together), 2 * together * width);
  launch(s, name, shares.tasks(), {source, rowAt, packed, sorted.starts, chunk.begin},
         [&](Kernel &k) {
           Val begin = k.scalar(4), filled = k.toIndex(k.mem(3).load({experts}));
           Val end = max(min(filled - begin, chunk.places), 0);
           k.forShare(shares, [&](Val item) {
             Val from = item * together;
             write(k, min(from, end), min(from + together, end), begin);
           });
         });
}

/// The rows of a factor as a right-hand matrix.
void launchPackRight(ScheduleBuilder &s, const Chunk &chunk, const ExpertRows &sorted, Value rowAt,
                     Value source, const Panels &panels, Value packed, int64_t experts) {
  launchPack(s, "pack_right", chunk, sorted, rowAt, source, packed, panels.columns, experts,
             [&](Kernel &k, Val from, Val to, Val begin) {
               Mem matrix = k.mem(0).rows(), rowAt = k.mem(1);
               forPanels(k, panels, 0, panels.count(), [&](Panel panel) {
                 packPanel(k, panels, panel, from, to, k.mem(2), 0,
                           [&](Val place, Val column, Lanes lanes) {
                             // Where there is no row the left factor is 0.
                             Val row = k.toIndex(max(rowAt.load({begin + place, 0}), 0));
                             return matrix.load({row, column}, lanes);
                           });
               });
             });
}

/// The rows of a factor as a left-hand matrix, its columns in runs of a register block's rows:
/// [columns / block rows][places][block rows].
void launchPackLeft(ScheduleBuilder &s, const Chunk &chunk, const ExpertRows &sorted, Value rowAt,
                    Value source, int64_t columns, int64_t step, Value packed, int64_t experts) {
  launchPack(s, "pack_left", chunk, sorted, rowAt, source, packed, columns, experts,
             [&](Kernel &k, Val from, Val to, Val begin) {
               Mem matrix = k.mem(0).rows(), rowAt = k.mem(1), runs = k.mem(2);
               auto copyRun = [&](Val run, int64_t width) {
                 k.loop(from, to, 1, [&](Val place) {
                   Val row = rowAt.load({begin + place, 0});
                   Val isThere = less(-1, row), at = k.toIndex(max(row, 0));
                   forWholeVectors(k, width, [&](int64_t i, int64_t lanes) {
                     Val value = matrix.load({at, run * step + i}, Lanes::all(lanes));
                     runs.store(select(isThere, value, k.f32(0, lanes)), {run, place, i},
                                Lanes::all(lanes));
                   });
                 });
               };
               k.loop(0, columns / step, 1, [&](Val run) { copyRun(run, step); });
               if (columns % step)
                 copyRun(columns / step, columns % step);
             });
}

/// What a launch of the product is about.
struct ExpertProduct {
  const Mixture &mixture;
  const Chunk &chunk;
  Panels right;
  int64_t rows;
  bool accumulate;
};

/// Adds the products of a chunk's places to the experts' matrices `out` [N, rows, columns], or
/// stores them.
void launchProduct(ScheduleBuilder &s, const ExpertProduct &p, Value starts, Value left,
                   Value right, Value out) {
  Panels average = p.right;
  average.depth = std::max<int64_t>(1, ceilDiv(p.chunk.places, p.mixture.experts));
  Tiles tiles = Tiles::of(s, p.rows, average);
  SmallVector<Value> arguments{starts, left, right, out, p.chunk.begin};
  launch(s, p.accumulate ? "add_product" : "product", p.mixture.experts * tiles.tasks(), arguments,
         /*contractions=*/1, [&](Kernel &k) {
           Mem starts = k.mem(0), left = k.mem(1), out = k.mem(3);
           Val expert = k.task / tiles.tasks(), tile = k.task % tiles.tasks(), begin = k.scalar(4);
           auto inChunk = [&](Val place) {
             return min(max(k.toIndex(place) - begin, 0), p.chunk.places);
           };
           Val from = inChunk(starts.load({expert})), to = inChunk(starts.load({expert + 1}));
           auto place = [&](const ProductBlock &block) {
             return placeOf(k, block, out, {expert, block.row, block.column});
           };
           auto rowsOfLeft = [&](Val row, int64_t count, DepthRange places) {
             return leftFactor(k, p.right, left, {row / p.mixture.block.rows, 0, 0}, count, places,
                               tile::Order::columns);
           };
           // Not longer, so that parts of both factors stay in the first-level cache.
           int64_t longest = tiles.depthChunk;
           auto part = [&](Val first, bool accumulate) {
             multiplyTile(k, p.right, tiles, tile, p.right.of(k.mem(2), 1), 0,
                          {first, min(to - first, longest)}, rowsOfLeft, {place, accumulate});
           };
           if (!p.accumulate)
             part(from, false); // of an expert without places: zeros
           k.loop(p.accumulate ? from : from + longest, to, longest,
                  [&](Val first) { part(first, true); });
         });
}

} // namespace

static void buildExpertWeightGrad(ExpertWeightGradOp op, ScheduleBuilder &s) {
  Value ids = op.getIds(), right = op.getRight();
  int64_t experts = static_cast<int64_t>(op.getExperts()), columns = featuresOf(right), widest = 0;
  for (Value left : op.getLefts())
    widest = std::max(widest, featuresOf(left));
  RegisterBlock block = RegisterBlock::of(s);
  // Blocks of rows, which the sort makes, are of no use here.
  Mixture m{rowsOf(ids), featuresOf(ids), experts, columns, widest, block, 24 * block.rows};
  s.requireRange(s.buffer(ids), -1, experts,
                 ("expert ids: expected ids in [0, " + Twine(experts) + ") or -1").str());
  ExpertRows sorted = launchSort(s, m, s.buffer(ids), /*someAbsent=*/true);
  auto rowAtOf = [&](Value factor) {
    bool ofChoices = tensorType(factor).getRank() > tensorType(ids).getRank();
    return ofChoices ? sorted.pairAt : sorted.rowAt;
  };
  int64_t places = Chunk::placesOf(m, columns + widest), step = m.block.rows;
  Panels panels{places, columns, m.block};
  Value packedRight = scratch(s, {panels.size()});
  Value packedLeft = scratch(s, {ceilDiv(widest, step), places, step});
  for (int64_t begin = 0; begin < m.places(); begin += places) {
    Chunk chunk{places, arith::ConstantIndexOp::create(s.builder(), s.loc(), begin)};
    launchPackRight(s, chunk, sorted, rowAtOf(right), s.buffer(right), panels, packedRight,
                    experts);
    for (auto [left, out] : llvm::zip_equal(op.getLefts(), op.getDWeights())) {
      int64_t rows = featuresOf(left);
      launchPackLeft(s, chunk, sorted, rowAtOf(left), s.buffer(left), rows, step, packedLeft,
                     experts);
      bool accumulate = !op.getSums().empty() || begin > 0;
      launchProduct(s, {m, chunk, panels, rows, accumulate}, sorted.starts, packedLeft, packedRight,
                    s.buffer(out));
    }
  }
}

void attachExpertWeightGradKernels(MLIRContext &context) {
  ExpertWeightGradOp::attachInterface<AccumulatingModel<ExpertWeightGradOp, buildExpertWeightGrad>>(
      context);
}

} // namespace dreamer::kernels

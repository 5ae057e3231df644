// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// embedding, its adjoint, positions and last_position: rows chosen by integers.

#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

static void buildEmbedding(EmbeddingOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getResult()), features = featuresOf(op.getTable());
  int64_t vocabulary = rowsOf(op.getTable());
  double scale = op.getScale().convertToDouble();
  SmallVector<Value> buffers{s.buffer(op.getTokens()), s.buffer(op.getTable()),
                             s.buffer(op.getResult())};
  s.requireRange(buffers[0], 0, vocabulary,
                 ("tokens: expected ids in [0, " + Twine(vocabulary) + ")").str());
  Shares shares = Shares::of(rows, features + 16);
  launch(s, "embedding", shares.tasks(), buffers, [&](Kernel &k) {
    Mem tokens = k.mem(0).flat(), table = k.mem(1), out = k.mem(2).rows();
    k.forShare(shares, [&](Val row) {
      Val token = k.toIndex(tokens.load({row}));
      k.forColumns(features, [&](Val i, Lanes lanes) {
        out.store(table.load({token, i}, lanes) * scale, {row, i}, lanes);
      });
    });
  });
}

/// Tasks own columns of the table, so that rows are added in the order of positions
/// whatever tokens they are.
static void buildEmbeddingGrad(EmbeddingGradOp op, ScheduleBuilder &s) {
  int64_t rows = rowsOf(op.getDResult()), features = featuresOf(op.getDResult());
  int64_t vocabulary = rowsOf(op.getDTable());
  double scale = op.getScale().convertToDouble();
  SmallVector<Value> buffers{s.buffer(op.getTokens()), s.buffer(op.getDResult()),
                             s.buffer(op.getDTable())};
  // A cache line of 16 columns at least.
  Shares shares = Shares::of(features, 3 * rows + vocabulary, /*multiple=*/16);
  launch(s, "embedding_grad", shares.tasks(), buffers, [&](Kernel &k) {
    Mem tokens = k.mem(0).flat(), d = k.mem(1).rows(), table = k.mem(2);
    k.forColumnShare(shares, [&](Val from, int64_t columns) {
      if (op.getSums().empty())
        k.loop(0, vocabulary, 1, [&](Val entry) {
          k.forColumns(columns,
                       [&](Val i, Lanes lanes) { table.store(0.0, {entry, from + i}, lanes); });
        });
      k.loop(0, rows, 1, [&](Val row) {
        Val entry = k.toIndex(tokens.load({row}));
        k.forColumns(columns, [&](Val i, Lanes lanes) {
          Val sum =
              fma(d.load({row, from + i}, lanes), scale, table.load({entry, from + i}, lanes));
          table.store(sum, {entry, from + i}, lanes);
        });
      });
    });
  });
}

static void buildPositions(PositionsOp op, ScheduleBuilder &s) {
  launch(s, "positions", 1, {s.buffer(op.getResult())}, [&](Kernel &k) {
    Mem out = k.mem(0).rows();
    Type i32 = k.getBuilder().getI32Type();
    k.loop(0, out.size(0), 1, [&](Val row) {
      k.forColumns(out.size(1), [&](Val i, Lanes lanes) {
        Val first = convert(i, i32);
        out.store(k.iota(lanes.width) + first, {row, i}, lanes);
      });
    });
  });
}

static void buildLastPosition(LastPositionOp op, ScheduleBuilder &s) {
  RankedTensorType type = tensorType(op.getX());
  int64_t batch = type.getDimSize(0), positions = type.getDimSize(1), features = type.getDimSize(2);
  SmallVector<Value> buffers{s.buffer(op.getX()), s.buffer(op.getLengths()),
                             s.buffer(op.getResult())};
  s.requireRange(buffers[1], 1, positions + 1,
                 ("lengths: expected numbers in [1, " + Twine(positions) + "]").str());
  Shares shares = Shares::of(batch, features);
  launch(s, "last_position", shares.tasks(), buffers, [&](Kernel &k) {
    Mem x = k.mem(0), lengths = k.mem(1), out = k.mem(2);
    k.forShare(shares, [&](Val b) {
      Val last = k.toIndex(lengths.load({b})) - 1;
      k.forColumns(features, [&](Val i, Lanes lanes) {
        out.store(x.load({b, last, i}, lanes), {b, i}, lanes);
      });
    });
  });
}

void attachEmbeddingKernels(MLIRContext &context) {
  EmbeddingOp::attachInterface<Model<EmbeddingOp, buildEmbedding>>(context);
  EmbeddingGradOp::attachInterface<AccumulatingModel<EmbeddingGradOp, buildEmbeddingGrad>>(context);
  PositionsOp::attachInterface<Model<PositionsOp, buildPositions>>(context);
  LastPositionOp::attachInterface<Model<LastPositionOp, buildLastPosition>>(context);
}

} // namespace dreamer::kernels

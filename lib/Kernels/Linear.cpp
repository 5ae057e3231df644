// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// linear and linear_weight_grad: products of activations with weights.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/KeptValues.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/ThinColumns.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

/// How a product reads its left-hand matrix.
enum class Left {
  Rows,    ///< [rows, depth]
  Columns, ///< [depth, rows]
  Runs,    ///< as `prepareRuns` packs it
};

/// How a product reads its right-hand matrix.
enum class Right {
  Packed,           ///< [depth, columns], packed first
  PackedTransposed, ///< [columns, depth], packed first
  InPlace,          ///< [depth, columns], see Panels
};

namespace {
/// c[rows, columns] = a b, or c += a b; a and b are operands, c is a buffer.
struct Product {
  Value a;
  Left left;
  Value b;
  Right right;
  Value c;
  bool accumulate;
  int64_t rows, depth, columns;

  void launch(ScheduleBuilder &s) const;

private:
  int64_t thinColumns(const RegisterBlock &block) const;
  std::pair<Value, Left> prepareFactor(ScheduleBuilder &s, const RegisterBlock &block) const;
  void multiplyPanels(Kernel &k, const Panels &panels, const Tiles &tiles, Left form) const;
  void multiplyThin(Kernel &k, const Panels &panels) const;
  Mem result(Kernel &k) const { return k.mem(2).view({rows, columns}); }
};
} // namespace

/// Columns that are multiplied apart from the others, by factors as they lie.
int64_t Product::thinColumns(const RegisterBlock &block) const {
  bool wide = tensorType(a).getElementType().isF32() && tensorType(b).getElementType().isF32();
  return wide ? kernels::thinColumns(block, depth, columns) : 0;
}

/// The left factor in memory, and its form there.
std::pair<Value, Left> Product::prepareFactor(ScheduleBuilder &s,
                                              const RegisterBlock &block) const {
  if (block.narrow())
    return {prepareLeft(s, block, a, left == Left::Columns, rows, depth), Left::Rows};
  if (left == Left::Columns && s.parameter(parameter::packLeft))
    return {prepareRuns(s, a, depth, rows), Left::Runs};
  return {prepareWide(s, a), left};
}

void Product::multiplyPanels(Kernel &k, const Panels &panels, const Tiles &tiles, Left form) const {
  Mem factor = form == Left::Runs ? k.mem(0) : k.mem(0).rows(), out = result(k);
  auto rowsOfLeft = [&](Val row, int64_t count, DepthRange depth) {
    switch (form) {
    case Left::Rows:
      return leftFactor(k, panels, factor, {row, 0}, count, depth);
    case Left::Columns:
      return leftFactor(k, panels, factor, {0, row}, count, depth, tile::Order::columns);
    case Left::Runs:
      return leftFactor(k, panels, factor, {row / panels.block.rows, 0, 0}, count, depth,
                        tile::Order::columns);
    }
    llvm_unreachable("all layouts are handled");
  };
  auto place = [&](const ProductBlock &block) {
    return placeOf(k, block, out, {block.row, block.column});
  };
  multiplyTile(k, panels, tiles, k.task, panels.of(k.mem(1), 1), 0, {}, rowsOfLeft,
               {place, accumulate, out.isNarrow()});
}

void Product::multiplyThin(Kernel &k, const Panels &panels) const {
  Mem x = k.mem(3), y = k.mem(4);
  if (left == Left::Columns)
    return multiplyThinAlongRows(k, panels, x.view({depth, rows}), y.view({depth, columns}),
                                 result(k), accumulate);
  bool transposed = right == Right::PackedTransposed;
  y = transposed ? y.view({columns, depth}) : y.view({depth, columns});
  multiplyThinAlongDepth(k, panels, x.view({rows, depth}), y, transposed, result(k), accumulate);
}

void Product::launch(ScheduleBuilder &s) const {
  RegisterBlock block = RegisterBlock::of(s, isNarrow(a) && isNarrow(b)).forColumns(columns);
  int64_t thin = thinColumns(block);
  Panels panels{depth, columns - thin, block, right == Right::InPlace, !block.narrow(), thin};
  Tiles tiles = Tiles::of(s, rows, panels);
  auto [factor, form] = prepareFactor(s, block);
  Value packed = panels.inPlace ? s.buffer(b)
                                : preparePanels(s, panels, 1, right == Right::PackedTransposed, b);
  SmallVector<Value> buffers{factor, packed, c};
  if (thin)
    buffers.append({s.buffer(a), s.buffer(b)});
  // Thin columns are a task of their own beside several.
  bool apart = thin && tiles.tasks() > 1;
  kernels::launch(s, "product", tiles.tasks() + apart, buffers, [&, form = form](Kernel &k) {
    if (!apart) {
      multiplyPanels(k, panels, tiles, form);
      if (thin)
        multiplyThin(k, panels);
      return;
    }
    k.when(less(k.task, tiles.tasks()), [&] { multiplyPanels(k, panels, tiles, form); });
    k.when(equal(k.task, tiles.tasks()), [&] { multiplyThin(k, panels); });
  });
}

/// Whether columns are so few that they would leave most of a vector empty.
static bool hasFewColumns(LinearOp op, const KernelTarget &target) {
  return featuresOf(op.getResult()) <= target.lanes() / 4;
}

/// Whether the weight's rows are what a product of few rows, or of few columns, reads one after the other.
static bool mayBeDots(LinearOp op, const KernelTarget &target) {
  constexpr int64_t mostRows = 64;
  return !op.getTranspose() && (rowsOf(op.getX()) <= mostRows || hasFewColumns(op, target));
}

/// Whether `right` is what products read as it is: where a vector may go beyond its rows, masks must be cheap.
static bool mayReadInPlace(Value right, const KernelTarget &target) {
  return tensorType(right).getElementType().isF32() &&
         (target.lanes() >= 16 || featuresOf(right) % target.lanes() == 0);
}

/// A right factor is read once for each block of rows. With 32 registers much is done with each line, and it may stay as
/// it is until many blocks read it. With 16 that is so where its own rows lie close together, since from some distance
/// on the lines of a panel fall into few sets of the cache, or where packing would take longer than the product.
static bool packsRight(const KernelTarget &target, int64_t rows, int64_t columns, int64_t depth) {
  constexpr int64_t manyRows = 448, someRows = 128, closeTogether = 128, fewRows = 16,
                    mostDepth = 1024;
  if (target.lanes() >= 16)
    return rows >= manyRows;
  bool close = rows <= someRows && columns <= closeTogether;
  return !close && (rows > fewRows || depth > mostDepth);
}

/// Whether weights are packed where nothing is chosen; `dots` if they would be read by those otherwise.
static bool packsWeights(LinearOp op, const KernelTarget &target, bool dots) {
  int64_t rows = rowsOf(op.getX());
  if (dots)
    return rows >= fewRowsOf(op, op.getWeight()) && !hasFewColumns(op, target);
  bool once = !keptFormOf(op.getWeight()) && !op->getParentOfType<RecurOp>();
  return !once || packsRight(target, rows, featuresOf(op.getResult()), featuresOf(op.getX()));
}

static KernelParameters linearParameters(LinearOp op, const KernelTarget &target) {
  KernelParameters parameters;
  int64_t rows = rowsOf(op.getX()), depth = featuresOf(op.getX());
  bool narrow = isNarrow(op.getX()) && isNarrow(op.getWeight()), dots = mayBeDots(op, target);
  if (dots || (op.getTranspose() && mayReadInPlace(op.getWeight(), target)))
    parameters.add({KernelParameter::of(parameter::packWeights.str(),
                                        "whether weights are packed before they are multiplied",
                                        {0, 1}, packsWeights(op, target, dots))});
  RegisterBlock block = RegisterBlock::of(target, narrow).forRows(rows);
  declareRegisterBlock(parameters, target, block);
  declareTiles(parameters, block, depth);
  return parameters;
}

/// Elements in a column lie far apart; when each is read for several panels, and more of them than the first-level
/// cache has lines for, bring them together. With 32 registers panels are few, and short rows lie close enough.
static bool packsLeft(const Panels &panels, int64_t rows) {
  constexpr int64_t deep = 256, severalPanels = 3, closeTogether = 128;
  return panels.depth >= deep && panels.count() >= severalPanels &&
         (panels.block.lanes < 16 || rows > closeTogether);
}

static KernelParameters weightGradParameters(LinearWeightGradOp op, const KernelTarget &target) {
  KernelParameters parameters;
  int64_t depth = rowsOf(op.getX()), rows = featuresOf(op.getDResult());
  bool narrow = isNarrow(op.getX()) && isNarrow(op.getDResult());
  RegisterBlock block = RegisterBlock::of(target, narrow).tall(rows);
  declareRegisterBlock(parameters, target, block);
  declareTiles(parameters, block, depth);
  if (block.narrow())
    return parameters;
  Panels panels{depth, featuresOf(op.getX()), block};
  parameters.add({KernelParameter::of(parameter::packLeft.str(),
                                      "whether the left factor is packed before it is multiplied",
                                      {0, 1}, packsLeft(panels, rows))});
  if (mayReadInPlace(op.getX(), target))
    parameters.add({KernelParameter::of(
        parameter::packRight.str(), "whether the right factor is packed before it is multiplied",
        {0, 1}, packsRight(target, rows, panels.columns, depth))});
  return parameters;
}

static void buildLinear(LinearOp op, ScheduleBuilder &s) {
  Value x = op.getX(), weight = op.getWeight(), out = s.buffer(op.getResult());
  int64_t rows = rowsOf(op.getX()), depth = featuresOf(op.getX());
  int64_t columns = featuresOf(op.getResult());
  bool accumulate = !op.getSums().empty(), dots = mayBeDots(op, s.target());
  if (dots && !s.parameter(parameter::packWeights))
    return launchDots(s, s.buffer(x), s.buffer(weight), out, accumulate, rows, depth, columns);
  Right right = !op.getTranspose() ? Right::PackedTransposed : Right::Packed;
  if (op.getTranspose() && mayReadInPlace(weight, s.target()) &&
      !s.parameter(parameter::packWeights))
    right = Right::InPlace;
  Product{.a = x,
          .left = Left::Rows,
          .b = weight,
          .right = right,
          .c = out,
          .accumulate = accumulate,
          .rows = rows,
          .depth = depth,
          .columns = columns}
      .launch(s);
}

static void buildLinearWeightGrad(LinearWeightGradOp op, ScheduleBuilder &s) {
  bool packs = !mayReadInPlace(op.getX(), s.target()) || s.parameter(parameter::packRight);
  Product{.a = op.getDResult(),
          .left = Left::Columns,
          .b = op.getX(),
          .right = packs ? Right::Packed : Right::InPlace,
          .c = s.buffer(op.getDWeight()),
          .accumulate = !op.getSums().empty(),
          .rows = featuresOf(op.getDResult()),
          .depth = rowsOf(op.getX()),
          .columns = featuresOf(op.getX())}
      .launch(s);
}

void attachLinearKernels(MLIRContext &context) {
  LinearOp::attachInterface<AccumulatingModel<LinearOp, buildLinear>,
                            Tunable<LinearOp, linearParameters>>(context);
  LinearWeightGradOp::attachInterface<AccumulatingModel<LinearWeightGradOp, buildLinearWeightGrad>,
                                      Tunable<LinearWeightGradOp, weightGradParameters>>(context);
}

} // namespace dreamer::kernels

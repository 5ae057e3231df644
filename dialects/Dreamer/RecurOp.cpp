// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop over depth: what makes one well formed, which carried values are histories,
// and which parts of a loop can go.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace dreamer;

YieldOp RecurOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

bool RecurOp::isHistory(unsigned i) {
  Value argument = getCarriedArguments()[i];
  Value value = getYield().getCarried()[i];
  if (value == argument)
    return false;
  while (value != argument) {
    auto append = value.getDefiningOp<AppendOp>();
    if (!append || append->getParentRegion() != &getBody())
      return false;
    value = append.getHistory();
  }
  return true;
}

/// [bound, ...] as what one step sees of it.
static Type stepType(RankedTensorType stacked) {
  return stacked.clone(stacked.getShape().drop_front());
}

LogicalResult RecurOp::verify() {
  int64_t bound = getBound();
  if (bound < 1)
    return emitOpError("expected a bound of at least 1, found ") << bound;
  if (getNumResults() < getInits().size())
    return emitOpError("expected a result for each of the ")
           << getInits().size() << " carried values, found " << getNumResults() << " results";
  for (auto [i, init, result] : llvm::enumerate(getInits(), getCarriedResults()))
    if (init.getType() != result.getType())
      return emitOpError("expected carried result ")
             << i << " of type " << init.getType() << ", found " << result.getType();
  auto checkStacked = [&](StringRef what, Value value) -> LogicalResult {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() >= 1 && type.getDimSize(0) == bound)
      return success();
    return emitOpError("expected ")
           << what << " with " << bound << " entries (the bound), found " << type;
  };
  for (Value slice : getSlices())
    if (failed(checkStacked("a slice operand", slice)))
      return failure();
  for (Value stacked : getStackedResults())
    if (failed(checkStacked("a stacked result", stacked)))
      return failure();
  return success();
}

LogicalResult RecurOp::verifyRegions() {
  SmallVector<Type> expected{IndexType::get(getContext())};
  llvm::append_range(expected, getInits().getTypes());
  for (Value slice : getSlices())
    expected.push_back(stepType(cast<RankedTensorType>(slice.getType())));
  if (getBody().getArgumentTypes() != TypeRange(expected))
    return emitOpError("expected region arguments (the depth index, carried values, slices) of "
                       "types ")
           << expected << ", found " << getBody().getArgumentTypes();

  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield)
    return emitOpError("expected a region that ends in dreamer.yield");
  if (yield.getCarried().getTypes() != getInits().getTypes())
    return yield.emitOpError("expected carried values of types ")
           << getInits().getTypes() << ", found " << yield.getCarried().getTypes();
  SmallVector<Type> stacked;
  for (Value result : getStackedResults())
    stacked.push_back(stepType(cast<RankedTensorType>(result.getType())));
  if (yield.getStacked().getTypes() != TypeRange(stacked))
    return yield.emitOpError("expected stacked values of types ")
           << stacked << ", found " << yield.getStacked().getTypes();
  return success();
}

namespace {

/// Whether `value` is used by nothing but operand `index` of `yield` (a carried value that only
/// feeds itself).
bool feedsOnlyItself(RecurOp op, unsigned i) {
  BlockArgument argument = op.getCarriedArguments()[i];
  return op.getCarriedResults()[i].use_empty() &&
         llvm::all_of(argument.getUses(), [&](OpOperand &use) {
           return use.getOwner() == op.getYield() && use.getOperandNumber() == i;
         });
}

/// Removes stacked results that nobody reads, slices that no step reads, and carried values that
/// nobody reads or that no step changes.
struct RemoveUnusedValues : OpRewritePattern<RecurOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RecurOp op, PatternRewriter &rewriter) const override {
    unsigned carried = op.getInits().size();
    llvm::BitVector dropCarried(carried), dropSlice(op.getSlices().size()),
        dropStacked(op.getStackedResults().size());
    for (unsigned i = 0; i < carried; ++i) {
      Value argument = op.getCarriedArguments()[i];
      bool unchanged = op.getYield().getCarried()[i] == argument;
      if (unchanged) {
        rewriter.replaceAllUsesWith(op.getCarriedResults()[i], op.getInits()[i]);
        rewriter.modifyOpInPlace(op.getYield(), [&] {
          op.getYield().getCarriedMutable().slice(i, 1).assign(op.getInits()[i]);
        });
        rewriter.replaceAllUsesWith(argument, op.getInits()[i]);
        dropCarried.set(i);
      } else if (feedsOnlyItself(op, i) ||
                 (argument.use_empty() && op.getCarriedResults()[i].use_empty())) {
        dropCarried.set(i);
      }
    }
    for (auto [i, argument] : llvm::enumerate(op.getSliceArguments()))
      if (argument.use_empty())
        dropSlice.set(i);
    for (auto [i, result] : llvm::enumerate(op.getStackedResults()))
      if (result.use_empty())
        dropStacked.set(i);
    if (dropCarried.none() && dropSlice.none() && dropStacked.none())
      return failure();
    rebuild(op, rewriter, dropCarried, dropSlice, dropStacked);
    return success();
  }

private:
  static void rebuild(RecurOp op, PatternRewriter &rewriter, const llvm::BitVector &dropCarried,
                      const llvm::BitVector &dropSlice, const llvm::BitVector &dropStacked) {
    auto keep = [](auto range, const llvm::BitVector &drop) {
      SmallVector<Value> kept;
      for (auto [i, value] : llvm::enumerate(range))
        if (!drop[i])
          kept.push_back(value);
      return kept;
    };
    SmallVector<Value> inits = keep(op.getInits(), dropCarried);
    SmallVector<Value> slices = keep(op.getSlices(), dropSlice);
    SmallVector<Value> results = keep(op.getCarriedResults(), dropCarried);
    llvm::append_range(results, keep(op.getStackedResults(), dropStacked));

    auto recur = RecurOp::create(rewriter, op.getLoc(), TypeRange(ValueRange(results)),
                                 op.getDepth(), inits, slices, op.getBound(), op.getReverse());
    recur->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    Region &body = recur.getBody();
    rewriter.inlineRegionBefore(op.getBody(), body, body.end());

    YieldOp yield = recur.getYield();
    SmallVector<Value> carriedYields = keep(yield.getCarried(), dropCarried);
    SmallVector<Value> stackedYields = keep(yield.getStacked(), dropStacked);
    rewriter.setInsertionPoint(yield);
    rewriter.replaceOpWithNewOp<YieldOp>(yield, carriedYields, stackedYields);

    llvm::BitVector dropArguments(1 + dropCarried.size() + dropSlice.size());
    for (unsigned i : dropCarried.set_bits())
      dropArguments.set(1 + i);
    for (unsigned i : dropSlice.set_bits())
      dropArguments.set(1 + dropCarried.size() + i);
    rewriter.modifyOpInPlace(recur, [&] { body.front().eraseArguments(dropArguments); });
    for (auto [old, replacement] : llvm::zip(results, recur.getResults()))
      rewriter.replaceAllUsesWith(old, replacement);
    rewriter.eraseOp(op);
  }
};

} // namespace

void RecurOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<RemoveUnusedValues>(context);
}

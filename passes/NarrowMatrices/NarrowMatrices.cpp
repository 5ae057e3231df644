// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Casts where values are defined; stacks that only feed casts; results that do.

#include "passes/NarrowMatrices/NarrowMatrices.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace dreamer {
#define GEN_PASS_DEF_NARROWMATRICES
#include "passes/NarrowMatrices/NarrowMatrices.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

Type narrowType(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.clone(BFloat16Type::get(value.getContext()));
}

struct NarrowMatricesPass : dreamer::impl::NarrowMatricesBase<NarrowMatricesPass> {
  void runOnOperation() override {
    narrowed.clear();
    getOperation().walk([&](MatrixOperandsOpInterface op) {
      for (OpOperand *operand : op.getMatrixOperands())
        if (getElementTypeOrSelf(operand->get()).isF32())
          operand->set(narrow(operand->get()));
    });
    // A stack made of slices of another one narrows after that one. Casts behind loops go with it.
    SmallVector<RecurOp> loops;
    getOperation().walk([&](RecurOp recur) { loops.push_back(recur); });
    for (RecurOp recur : loops)
      for (auto [i, result] : llvm::enumerate(recur.getStackedResults()))
        narrowStack(recur, i, result);
    SmallVector<NarrowResultsOpInterface> producers;
    getOperation().walk([&](NarrowResultsOpInterface op) { producers.push_back(op); });
    for (NarrowResultsOpInterface op : producers)
      for (OpResult result : op->getResults())
        narrowResult(op, result);
  }

private:
  Value narrow(Value value);
  void narrowStack(RecurOp recur, unsigned i, Value result);
  void narrowResult(NarrowResultsOpInterface op, OpResult result);

  DenseMap<Value, Value> narrowed;
};

/// `value` as bf16, cast where it is defined.
Value NarrowMatricesPass::narrow(Value value) {
  Value &known = narrowed[value];
  if (known)
    return known;
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  return known = CastOp::create(builder, value.getLoc(), narrowType(value), value);
}

bool isNarrowing(Operation *op) {
  auto cast = dyn_cast<CastOp>(op);
  return cast && getElementTypeOrSelf(cast.getType()).isBF16();
}

/// What a stack is seen as: itself, its entries in loops, parts of it that are entries of other loops;
/// and the casts of them.
struct Sights {
  SmallVector<Value> values;
  SmallVector<CastOp> casts;
};

/// Whether nothing but bf16 is made of `value` and of what it is seen as.
bool isOnlyCast(Value value, Sights &sights) {
  sights.values.push_back(value);
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (isNarrowing(user)) {
      sights.casts.push_back(cast<CastOp>(user));
      continue;
    }
    auto recur = dyn_cast<RecurOp>(user);
    unsigned first = recur ? recur.getNumOperands() - recur.getSlices().size() : 0;
    bool isSlice = recur && use.getOperandNumber() >= first;
    if (!isSlice && !isa<SplitOp>(user))
      return false;
    Value seen = isSlice ? Value(recur.getSliceArguments()[use.getOperandNumber() - first])
                         : user->getResult(0);
    if (!isOnlyCast(seen, sights))
      return false;
  }
  return true;
}

void NarrowMatricesPass::narrowStack(RecurOp recur, unsigned i, Value result) {
  if (!getElementTypeOrSelf(result).isF32() || result.use_empty())
    return;
  Sights sights;
  if (!isOnlyCast(result, sights))
    return;
  OpOperand &stacked = recur.getYield().getStackedMutable()[i];
  stacked.set(narrow(stacked.get()));
  for (CastOp cast : sights.casts) {
    cast.replaceAllUsesWith(cast.getX());
    cast.erase();
  }
  for (Value seen : sights.values) {
    seen.setType(narrowType(seen));
    narrowed[seen] = seen;
  }
}

/// What nobody reads but as bf16 is written so.
void NarrowMatricesPass::narrowResult(NarrowResultsOpInterface op, OpResult result) {
  if (!getElementTypeOrSelf(result).isF32() || result.use_empty() || !op.mayNarrow(result) ||
      !llvm::all_of(result.getUsers(), isNarrowing))
    return;
  op.narrow(result);
  for (Operation *cast : llvm::make_early_inc_range(result.getUsers())) {
    cast->getResult(0).replaceAllUsesWith(result);
    cast->erase();
  }
}

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Casts where values are defined, and stacks that only feed casts.

#include "passes/NarrowMatrices/NarrowMatrices.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/BuiltinOps.h"

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
    // A stack made of slices of another one narrows after that one.
    getOperation().walk([&](RecurOp recur) {
      for (auto [i, result] : llvm::enumerate(recur.getStackedResults()))
        narrowStack(recur, i, result);
    });
  }

private:
  Value narrow(Value value);
  void narrowStack(RecurOp recur, unsigned i, Value result);

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

/// The arguments of loop bodies that are entries of `stack`; none if it has other uses, or if
/// an entry has other uses than casts to bf16.
SmallVector<BlockArgument> entriesOnlyCast(Value stack) {
  SmallVector<BlockArgument> entries;
  for (OpOperand &use : stack.getUses()) {
    auto recur = dyn_cast<RecurOp>(use.getOwner());
    unsigned first = recur ? recur.getNumOperands() - recur.getSlices().size() : 0;
    if (!recur || use.getOperandNumber() < first)
      return {};
    BlockArgument entry = recur.getSliceArguments()[use.getOperandNumber() - first];
    if (!llvm::all_of(entry.getUsers(), [](Operation *user) {
          auto cast = dyn_cast<CastOp>(user);
          return cast && getElementTypeOrSelf(cast.getResult()).isBF16();
        }))
      return {};
    entries.push_back(entry);
  }
  return entries;
}

void NarrowMatricesPass::narrowStack(RecurOp recur, unsigned i, Value result) {
  if (!getElementTypeOrSelf(result).isF32())
    return;
  SmallVector<BlockArgument> entries = entriesOnlyCast(result);
  if (entries.empty())
    return;
  OpOperand &stacked = recur.getYield().getStackedMutable()[i];
  stacked.set(narrow(stacked.get()));
  result.setType(narrowType(result));
  for (BlockArgument entry : entries) {
    entry.setType(narrowType(entry));
    for (Operation *user : llvm::make_early_inc_range(entry.getUsers())) {
      user->getResult(0).replaceAllUsesWith(entry);
      user->erase();
    }
    narrowed[entry] = entry;
  }
}

} // namespace

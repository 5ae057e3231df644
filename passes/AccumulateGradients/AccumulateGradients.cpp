// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/AccumulateGradients/AccumulateGradients.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dreamer {
#define GEN_PASS_DEF_ACCUMULATEGRADIENTS
#include "passes/AccumulateGradients/AccumulateGradients.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

/// The addition that is all that `result` is used for.
static AddOp onlyAddition(OpResult result) {
  return result.hasOneUse() ? dyn_cast<AddOp>(*result.user_begin()) : AddOp();
}

/// What `addition` adds to `result`, if it is known where `result` is computed (in each step that it
/// is computed in) and needed for nothing else.
static Value sumFor(OpResult result, AddOp addition) {
  Value sum = addition.getA() == result ? addition.getB() : addition.getA();
  Operation *definition = sum.getDefiningOp(), *op = result.getOwner();
  bool isKnown =
      sum.getParentBlock() == op->getBlock() && (!definition || definition->isBeforeInBlock(op));
  return isKnown && sum.hasOneUse() && sum.getType() == result.getType() ? sum : Value();
}

namespace {

struct AccumulateGradientsPass : dreamer::impl::AccumulateGradientsBase<AccumulateGradientsPass> {
  void runOnOperation() override {
    SmallVector<AccumulatingOpInterface> operations;
    getOperation().walk([&](AccumulatingOpInterface op) { operations.push_back(op); });
    for (AccumulatingOpInterface op : operations)
      accumulate(op);
  }

private:
  void accumulate(AccumulatingOpInterface op) {
    MutableOperandRange operands = op.getSumOperands();
    if (!operands.empty())
      return;
    SmallVector<AddOp> additions;
    SmallVector<Value> sums;
    for (OpResult result : op.getSummedResults()) {
      AddOp addition = onlyAddition(result);
      Value sum = addition ? sumFor(result, addition) : Value();
      if (!sum)
        return;
      additions.push_back(addition);
      sums.push_back(sum);
    }
    operands.assign(sums);
    for (auto [result, addition] : llvm::zip_equal(op.getSummedResults(), additions)) {
      addition.replaceAllUsesWith(Value(result));
      addition.erase();
    }
    fused += additions.size();
  }
};

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/AccumulateGradients/AccumulateGradients.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Support/Remarks.h"

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

/// What `addition` adds to `result`.
static Value sumOf(OpResult result, AddOp addition) {
  return addition.getA() == result ? addition.getB() : addition.getA();
}

/// Why `result` cannot be added to `sum` in place: it is not known where `result` is computed (in each
/// step that it is computed in), or needed for something else. Empty if it can.
static StringRef whyNot(OpResult result, Value sum) {
  Operation *definition = sum.getDefiningOp(), *op = result.getOwner();
  if (sum.getParentBlock() != op->getBlock())
    return "the sum is not of the same step, so it would have to be copied";
  if (definition && !definition->isBeforeInBlock(op))
    return "the sum is not known yet where the operation is";
  if (!sum.hasOneUse())
    return "the sum is also needed as it was";
  return "";
}

namespace {

struct AccumulateGradientsPass : dreamer::impl::AccumulateGradientsBase<AccumulateGradientsPass> {
  void runOnOperation() override {
    SmallVector<AccumulatingOpInterface> operations;
    getOperation().walk([&](AccumulatingOpInterface op) { operations.push_back(op); });
    for (AccumulatingOpInterface op : operations)
      accumulate(op);
    // An addition that one of its operands refused may have gone with the other.
    for (const Refusal &refusal : refused)
      if (!gone.contains(refusal.addition))
        remarkRefused(refusal.op, "AccumulateGradients") << remark::reason("{0}", refusal.reason);
    refused.clear();
    gone.clear();
  }

private:
  struct Refusal {
    Operation *op, *addition;
    StringRef reason;
  };

  void accumulate(AccumulatingOpInterface op) {
    MutableOperandRange operands = op.getSumOperands();
    if (!operands.empty())
      return;
    SmallVector<AddOp> additions;
    SmallVector<Value> sums;
    Refusal refusal{op, nullptr, ""};
    for (OpResult result : op.getSummedResults()) {
      AddOp addition = onlyAddition(result);
      if (!addition) {
        refusal.reason = "another of its results is not added to anything";
        continue;
      }
      sums.push_back(sumOf(result, addition));
      additions.push_back(addition);
      StringRef reason = whyNot(result, sums.back());
      if (!refusal.addition || !reason.empty())
        refusal.addition = addition;
      if (!reason.empty())
        refusal.reason = reason;
    }
    if (additions.empty())
      return;
    if (!refusal.reason.empty()) {
      refused.push_back(refusal);
      return;
    }
    operands.assign(sums);
    for (auto [result, addition] : llvm::zip_equal(op.getSummedResults(), additions)) {
      gone.insert(addition);
      addition.replaceAllUsesWith(Value(result));
      addition.erase();
    }
    remarkMade(op, "AccumulateGradients")
        << remark::reason("{0} of its results are added to what is given", additions.size());
    fused += additions.size();
  }

  SmallVector<Refusal> refused;
  SmallPtrSet<Operation *, 16> gone;
};

} // namespace

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a step of the reverse loop gets at the values of the forward one: from outside, as a
// slice of what the forward loop keeps, or by computing them again.

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Differentiate/ReverseScope.h"

using namespace mlir;
using namespace dreamer;

Value StepScope::primal(Value value) {
  if (Value known = primals.lookup(value))
    return known;
  Value found = findPrimal(value);
  return primals[value] = found;
}

/// The carried value, if it is a history, that `value` is or continues.
std::optional<unsigned> StepScope::historyOf(Value value) {
  while (auto append = value.getDefiningOp<AppendOp>())
    value = append.getHistory();
  for (auto [i, argument] : llvm::enumerate(recur.getCarriedArguments()))
    if (argument == value && recur.isHistory(i))
      return i;
  return std::nullopt;
}

/// Whether `op` is done again whatever the choice: it costs nothing and takes no memory.
static bool isFree(Operation *op) {
  return isMemoryEffectFree(op) && op->getNumRegions() == 0 &&
         (op->getNumOperands() == 0 ||
          llvm::all_of(op->getResultTypes(), llvm::IsaPred<IndexType>));
}

static bool mayRecompute(Operation *op) {
  return isPure(op) && !op->walk([](DifferentiableOpInterface inner) {
                            return inner.mayRecompute() ? WalkResult::advance()
                                                        : WalkResult::interrupt();
                          }).wasInterrupted();
}

Value StepScope::findPrimal(Value value) {
  if (!owns(value))
    return outer.primal(value);
  if (value == recur.getIndex())
    return index;
  if (std::optional<unsigned> history = historyOf(value))
    return outer.primal(recur.getCarriedResults()[*history]);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned firstSlice = 1 + recur.getInits().size();
    if (argument.getArgNumber() < firstSlice)
      return addSlice({}, value, value.getType());
    Value stack = outer.primal(recur.getSlices()[argument.getArgNumber() - firstSlice]);
    return addSlice(stack, {}, value.getType());
  }
  Operation *op = value.getDefiningOp();
  bool canKeep = isa<RankedTensorType>(value.getType());
  if (!canKeep && !isFree(op))
    op->emitOpError("expected a tensor or index arithmetic, since the derivative needs this value "
                    "in a later loop; found ")
        << value.getType();
  bool isMarked = op->hasAttr(attribute::recompute);
  if (isMarked && !mayRecompute(op))
    op->emitOpError("expected an operation that may run again where '")
        << attribute::recompute << "' is said, found a choice, which is kept";
  if (!canKeep || isFree(op) || ((recompute == Recompute::Depth || isMarked) && mayRecompute(op)))
    return recomputed(op, value);
  return addSlice({}, value, value.getType());
}

/// Computes `value`, a result of `op`, again.
Value StepScope::recomputed(Operation *op, Value value) {
  llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  IRMapping mapping;
  for (Value operand : used)
    mapping.map(operand, primal(operand));
  Operation *again = builder.clone(*op, mapping);
  again->removeAttr(attribute::recompute);
  for (auto [old, now] : llvm::zip_equal(op->getResults(), again->getResults()))
    primals[old] = now;
  return mapping.lookup(value);
}

void StepScope::replaced(RecurOp from, RecurOp to) {
  ReverseScope::replaced(from, to);
  for (auto [old, now] : llvm::zip(from.getResults(), to.getResults())) {
    if (Value known = primals.lookup(old)) {
      primals.erase(old);
      primals[now] = known;
    }
    for (Slice &slice : slices)
      if (slice.saved == old)
        slice.saved = now;
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which results can be added to tensors that an operation is given, and which of them at the end of
// a loop for all its steps.

#include "dialects/Dreamer/DreamerOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dreamer;

using Results = SmallVector<OpResult>;

static Results resultsOf(std::initializer_list<Value> values) {
  Results results;
  for (Value value : values)
    results.push_back(cast<OpResult>(value));
  return results;
}

Results EmbeddingGradOp::getSummedResults() { return resultsOf({getDTable()}); }
Results RMSNormGradOp::getSummedResults() { return resultsOf({getDWeight()}); }
Results LinearOp::getSummedResults() { return resultsOf({getResult()}); }
Results LinearWeightGradOp::getSummedResults() { return resultsOf({getDWeight()}); }
Results LinearCrossEntropyGradOp::getSummedResults() { return resultsOf({getDWeight()}); }
Results DepthAttentionGradOp::getSummedResults() { return resultsOf({getDKeys(), getDValues()}); }
Results ExpertWeightGradOp::getSummedResults() { return Results(getDWeights()); }

//===-- Sums that can be made later, of the rows of many steps ---===//

SmallVector<OpOperand *> LinearWeightGradOp::getRowOperands() {
  return {&getDResultMutable(), &getXMutable()};
}

int64_t LinearWeightGradOp::getSummedRows() {
  auto type = cast<RankedTensorType>(getX().getType());
  return type.getNumElements() / type.getShape().back();
}

SmallVector<OpOperand *> ExpertWeightGradOp::getRowOperands() {
  SmallVector<OpOperand *> operands;
  for (OpOperand &left : getLeftsMutable())
    operands.push_back(&left);
  operands.append({&getRightMutable(), &getIdsMutable()});
  return operands;
}

int64_t ExpertWeightGradOp::getSummedRows() {
  int64_t choices = cast<RankedTensorType>(getIds().getType()).getNumElements();
  return llvm::divideCeil(choices, static_cast<int64_t>(getExperts()));
}

bool dreamer::detail::isSum(OpResult result) {
  auto accumulating = dyn_cast<AccumulatingOpInterface>(result.getOwner());
  return accumulating && !accumulating.getSumOperands().empty() &&
         llvm::is_contained(accumulating.getSummedResults(), result);
}

LogicalResult dreamer::detail::verifySums(Operation *op) {
  auto accumulating = cast<AccumulatingOpInterface>(op);
  Results results = accumulating.getSummedResults();
  OperandRange sums = accumulating.getSumOperands();
  if (sums.empty())
    return success();
  if (sums.size() != results.size())
    return op->emitOpError("expected no sums or ") << results.size() << ", found " << sums.size();
  for (auto [sum, result] : llvm::zip_equal(sums, results))
    if (sum.getType() != result.getType())
      return op->emitOpError("expected a sum of its result's type ")
             << result.getType() << ", found " << sum.getType();
  return success();
}

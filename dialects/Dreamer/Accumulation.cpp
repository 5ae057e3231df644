// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which results can be added to tensors that an operation is given.

#include "dialects/Dreamer/DreamerOps.h"

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
Results MixExpertsGradOp::getSummedResults() { return resultsOf({getDW1(), getDW3(), getDW2()}); }

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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that can do without a product that they read: ReducesProductOpInterface.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

Value CrossEntropyOp::getProduct() { return getLogits(); }

Value CrossEntropyOp::getProductCotangent(Operation *user) {
  auto adjoint = dyn_cast<CrossEntropyGradOp>(user);
  bool isMine = adjoint && adjoint.getLogits() == getLogits() && adjoint.getLse() == getLse() &&
                adjoint.getTargets() == getTargets() && adjoint.getCount() == getCount() &&
                adjoint.getZLoss() == getZLoss();
  return isMine ? adjoint.getDLogits() : Value();
}

SmallVector<Value> CrossEntropyOp::buildFromFactors(OpBuilder &builder, Value x, Value weight,
                                                    bool exact, Operation *adjoint) {
  UnitAttr fullPrecision = exact ? builder.getUnitAttr() : UnitAttr();
  Operation *op;
  if (adjoint)
    op = LinearCrossEntropyGradOp::create(builder, getLoc(), x, weight, getTargets(), getCount(),
                                          cast<CrossEntropyGradOp>(adjoint).getDLoss(),
                                          /*sums=*/ValueRange(), getZLossAttr(), fullPrecision);
  else
    op = LinearCrossEntropyOp::create(builder, getLoc(), x, weight, getTargets(), getCount(),
                                      getZLossAttr(), fullPrecision);
  return SmallVector<Value>(op->getResults());
}

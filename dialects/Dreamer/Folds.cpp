// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folds: results that are operands.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

/// `operand`, unless the result is rounded.
static OpFoldResult asResult(Value operand, Value result) {
  return operand.getType() == result.getType() ? OpFoldResult(operand) : OpFoldResult();
}

OpFoldResult AddOp::fold(FoldAdaptor) {
  if (getA().getDefiningOp<ZeroOp>())
    return asResult(getB(), getResult());
  if (getB().getDefiningOp<ZeroOp>())
    return asResult(getA(), getResult());
  return {};
}

OpFoldResult ScaleOp::fold(FoldAdaptor) {
  return getFactor().convertToDouble() == 1.0 ? asResult(getX(), getResult()) : OpFoldResult();
}

OpFoldResult CastOp::fold(FoldAdaptor) { return asResult(getX(), getResult()); }

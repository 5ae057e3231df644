// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folds: results that are operands.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

OpFoldResult AddOp::fold(FoldAdaptor) {
  if (getA().getDefiningOp<ZeroOp>())
    return getB();
  if (getB().getDefiningOp<ZeroOp>())
    return getA();
  return {};
}

OpFoldResult ScaleOp::fold(FoldAdaptor) {
  return getFactor().convertToDouble() == 1.0 ? OpFoldResult(getX()) : OpFoldResult();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}

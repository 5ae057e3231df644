// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that can be computed on a tile of their producer: over what run of features their results
// depend on each other's operands, and which operands are read tile by tile.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

using Operands = SmallVector<OpOperand *>;

int64_t RMSNormOp::getTileRun() { return cast<ShapedType>(getWeight().getType()).getNumElements(); }
Operands RMSNormOp::getTileOperands() { return {&getXMutable()}; }

int64_t RotaryOp::getTileRun() { return static_cast<int64_t>(getHeadDim()); }
Operands RotaryOp::getTileOperands() { return {&getXMutable()}; }

int64_t SwiGLUOp::getTileRun() { return 1; }
Operands SwiGLUOp::getTileOperands() { return {&getAMutable(), &getBMutable()}; }

int64_t AddOp::getTileRun() { return 1; }
Operands AddOp::getTileOperands() { return {&getAMutable(), &getBMutable()}; }

int64_t ScaleOp::getTileRun() { return 1; }
Operands ScaleOp::getTileOperands() { return {&getXMutable()}; }

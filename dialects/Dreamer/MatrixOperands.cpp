// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operands are factors of matrix products and so narrow with a package's element
// type. Attention over depths reads each history once in short dot products: what it holds
// stays f32.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

using Operands = SmallVector<OpOperand *>;

Operands LinearOp::getMatrixOperands() {
  if (getFullPrecision())
    return {};
  return {&getXMutable(), &getWeightMutable()};
}

Operands LinearWeightGradOp::getMatrixOperands() {
  if (getFullPrecision())
    return {};
  return {&getDResultMutable(), &getXMutable()};
}

/// The factors of the logits; their cotangent never leaves a kernel and stays f32.
template <typename LossOp>
static Operands factorsOf(LossOp op) {
  if (op.getFullPrecision())
    return {};
  return {&op.getXMutable(), &op.getWeightMutable()};
}

Operands LinearCrossEntropyOp::getMatrixOperands() { return factorsOf(*this); }

Operands LinearCrossEntropyGradOp::getMatrixOperands() { return factorsOf(*this); }

Operands SequenceAttentionOp::getMatrixOperands() {
  return {&getQMutable(), &getKMutable(), &getVMutable()};
}

Operands SequenceAttentionGradOp::getMatrixOperands() {
  return {&getQMutable(), &getKMutable(), &getVMutable(), &getDResultMutable()};
}

/// A cache is kept as it is from token to token: it is bf16 already, or stays f32.
Operands DecodeAttentionOp::getMatrixOperands() {
  if (!getElementTypeOrSelf(getKeys()).isBF16())
    return {};
  return {&getQMutable()};
}

/// Each operand of a group.
static void append(Operands &operands, MutableOperandRange group) {
  for (OpOperand &operand : group)
    operands.push_back(&operand);
}

Operands ExpertLinearOp::getMatrixOperands() {
  Operands operands{&getUMutable()};
  append(operands, getWeightsMutable());
  return operands;
}

Operands ExpertLinearGradOp::getMatrixOperands() {
  Operands operands;
  append(operands, getWeightsMutable());
  append(operands, getDProductsMutable());
  return operands;
}

/// a and b stay f32: what is multiplied is made of them.
Operands MixExpertsOp::getMatrixOperands() { return {&getW2Mutable()}; }

Operands MixExpertsGradOp::getMatrixOperands() { return {&getW2Mutable(), &getDResultMutable()}; }

Operands ExpertWeightGradOp::getMatrixOperands() {
  Operands operands;
  append(operands, getLeftsMutable());
  operands.push_back(&getRightMutable());
  return operands;
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shape rules of the loss and of the optimizer's operations.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"

using namespace mlir;
using namespace dreamer;

using MaybeLocation = std::optional<Location>;
using Types = SmallVectorImpl<Type>;

LogicalResult CountTargetsOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                               Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  types.push_back(rule.f32({}));
  return rule.result();
}

LogicalResult CrossEntropyOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                               Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("logits", op.getLogits(), 1) ||
      !rule.shape("targets", op.getTargets(), leadOf(op.getLogits())))
    return rule.result();
  types.push_back(rule.f32({}));
  types.append(2, rule.f32(leadOf(op.getLogits())));
  return rule.result();
}

/// x [lead, h], W [V, h] and targets [lead].
template <typename Adaptor>
static bool isLinearLoss(ShapeRule &rule, Adaptor op) {
  return rule.minRank("x", op.getX(), 1) && rule.rank("the weight", op.getWeight(), 2) &&
         rule.size("features of the weight", featuresOf(op.getWeight()), featuresOf(op.getX())) &&
         rule.shape("targets", op.getTargets(), leadOf(op.getX()));
}

LogicalResult LinearCrossEntropyOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                     Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (isLinearLoss(rule, op)) {
    types.push_back(rule.f32({}));
    types.append(2, rule.f32(leadOf(op.getX())));
  }
  return rule.result();
}

LogicalResult LinearCrossEntropyGradOp::inferReturnTypes(MLIRContext *context,
                                                         MaybeLocation location, Adaptor op,
                                                         Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (isLinearLoss(rule, op)) {
    types.push_back(rule.f32({}));
    types.append(2, rule.f32(leadOf(op.getX())));
    types.push_back(rule.f32(shapeOf(op.getX())));
    types.push_back(rule.f32(shapeOf(op.getWeight())));
  }
  return rule.result();
}

LogicalResult GlobalNormOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                             Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  types.push_back(rule.f32({}));
  return rule.result();
}

LogicalResult NotFiniteOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                            Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  types.push_back(rule.i32({}));
  return rule.result();
}

LogicalResult AdamWOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("the parameter", op.getParameter(), 0))
    return rule.result();
  ArrayRef<int64_t> shape = shapeOf(op.getParameter());
  if (rule.shape("the gradient", op.getGradient(), shape) &&
      rule.shape("moment1", op.getMoment1(), shape) &&
      rule.shape("moment2", op.getMoment2(), shape))
    types.append(3, rule.f32(shape));
  return rule.result();
}

LogicalResult ExpertLoadOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                             Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("ids", op.getIds(), 2) && rule.attribute("experts", op.getExpertsAttr()) &&
      rule.positive("number of experts", op.getExpertsAttr().getInt()))
    types.push_back(rule.i32({shapeOf(op.getIds())[0], op.getExpertsAttr().getInt()}));
  return rule.result();
}

LogicalResult BalanceBiasOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                              Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.rank("the bias", op.getBias(), 1) && rule.rank("the load", op.getLoad(), 2) &&
      rule.size("experts in the load", featuresOf(op.getLoad()), featuresOf(op.getBias())))
    types.push_back(rule.f32(shapeOf(op.getBias())));
  return rule.result();
}

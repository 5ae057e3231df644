// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shape rules of the adjoints; those of routed experts and depths are beside their forward
// operations.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"

using namespace mlir;
using namespace dreamer;

using MaybeLocation = std::optional<Location>;
using Types = SmallVectorImpl<Type>;

LogicalResult EmbeddingGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("tokens", op.getTokens(), 1) ||
      !rule.minRank("the result's cotangent", op.getDResult(), 1) ||
      !rule.attribute("vocabulary", op.getVocabularyAttr()) ||
      !rule.positive("vocabulary", op.getVocabularyAttr().getInt()))
    return rule.result();
  int64_t features = featuresOf(op.getDResult());
  if (rule.shape("the result's cotangent", op.getDResult(),
                 withFeatures(shapeOf(op.getTokens()), features)))
    types.push_back(rule.f32({op.getVocabularyAttr().getInt(), features}));
  return rule.result();
}

LogicalResult RMSNormGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                              Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("x", op.getX(), 1) || !rule.rank("the weight", op.getWeight(), 1) ||
      !rule.attribute("eps", op.getEpsAttr()) ||
      !rule.divides("the weight's size", featuresOf(op.getWeight()), "the features",
                    featuresOf(op.getX())) ||
      !rule.shape("the result's cotangent", op.getDResult(), shapeOf(op.getX())))
    return rule.result();
  types.push_back(rule.f32(shapeOf(op.getX())));
  types.push_back(rule.f32(shapeOf(op.getWeight())));
  return rule.result();
}

LogicalResult LinearWeightGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                   Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("x", op.getX(), 1) &&
      rule.minRank("the result's cotangent", op.getDResult(), 1) &&
      rule.shape("the result's cotangent", op.getDResult(),
                 withFeatures(leadOf(op.getX()), featuresOf(op.getDResult()))))
    types.push_back(rule.f32({featuresOf(op.getDResult()), featuresOf(op.getX())}));
  return rule.result();
}

LogicalResult SwiGLUGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                             Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("a", op.getA(), 0) && rule.shape("b", op.getB(), shapeOf(op.getA())) &&
      rule.shape("the result's cotangent", op.getDResult(), shapeOf(op.getA())))
    types.append(2, rule.f32(shapeOf(op.getA())));
  return rule.result();
}

LogicalResult SequenceAttentionGradOp::inferReturnTypes(MLIRContext *context,
                                                        MaybeLocation location, Adaptor op,
                                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.rank("q", op.getQ(), 3) || !rule.rank("k", op.getK(), 3) ||
      !rule.heads(op.getHeadsAttr(), op.getKvHeadsAttr(), featuresOf(op.getQ()),
                  featuresOf(op.getK())) ||
      !rule.shape("k", op.getK(), withFeatures(leadOf(op.getQ()), featuresOf(op.getK()))) ||
      !rule.shape("v", op.getV(), shapeOf(op.getK())))
    return rule.result();
  ArrayRef<int64_t> q = shapeOf(op.getQ());
  if (!rule.shape("the result", op.getResult(), q) ||
      !rule.shape("the result's cotangent", op.getDResult(), q) ||
      !rule.shape("lse", op.getLse(), {q[0], op.getHeadsAttr().getInt(), q[1]}))
    return rule.result();
  for (Value operand : {op.getQ(), op.getK(), op.getV()})
    types.push_back(rule.f32(shapeOf(operand)));
  return rule.result();
}

LogicalResult CrossEntropyGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                   Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("logits", op.getLogits(), 1) &&
      rule.shape("targets", op.getTargets(), leadOf(op.getLogits())) &&
      rule.shape("lse", op.getLse(), leadOf(op.getLogits())))
    types.push_back(rule.f32(shapeOf(op.getLogits())));
  return rule.result();
}

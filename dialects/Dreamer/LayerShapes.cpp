// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shape rules of the layer's forward operations.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"

using namespace mlir;
using namespace dreamer;

using MaybeLocation = std::optional<Location>;
using Types = SmallVectorImpl<Type>;

LogicalResult PositionsOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                            Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("tokens", op.getTokens(), 1))
    types.push_back(rule.i32(shapeOf(op.getTokens())));
  return rule.result();
}

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                            Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("tokens", op.getTokens(), 1) && rule.rank("the table", op.getTable(), 2))
    types.push_back(rule.f32(withFeatures(shapeOf(op.getTokens()), featuresOf(op.getTable()))));
  return rule.result();
}

LogicalResult RMSNormOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                          Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("x", op.getX(), 1) && rule.rank("the weight", op.getWeight(), 1) &&
      rule.attribute("eps", op.getEpsAttr()) &&
      rule.divides("the weight's size", featuresOf(op.getWeight()), "the features",
                   featuresOf(op.getX())))
    types.push_back(rule.f32(shapeOf(op.getX())));
  return rule.result();
}

LogicalResult LinearOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                         Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("x", op.getX(), 1) || !rule.rank("the weight", op.getWeight(), 2))
    return rule.result();
  ArrayRef<int64_t> weight = shapeOf(op.getWeight());
  int64_t in = op.getTranspose() ? weight[0] : weight[1];
  int64_t out = op.getTranspose() ? weight[1] : weight[0];
  if (rule.size("features of x", featuresOf(op.getX()), in))
    types.push_back(rule.f32(withFeatures(leadOf(op.getX()), out)));
  return rule.result();
}

LogicalResult RotaryOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                         Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("x", op.getX(), 1) || !rule.attribute("theta", op.getThetaAttr()) ||
      !rule.attribute("head_dim", op.getHeadDimAttr()))
    return rule.result();
  int64_t headDim = op.getHeadDimAttr().getInt();
  rule.divides("head_dim", headDim, "the features of x", featuresOf(op.getX()));
  rule.require(headDim % 2 == 0, "an even head_dim to rotate", Twine(headDim));
  rule.require(op.getThetaAttr().getValueAsDouble() > 0, "a positive theta",
               std::to_string(op.getThetaAttr().getValueAsDouble()));
  if (rule && !isa<IndexType>(op.getPosition().getType()))
    rule.shape("positions", op.getPosition(), leadOf(op.getX()));
  if (rule)
    types.push_back(rule.f32(shapeOf(op.getX())));
  return rule.result();
}

/// Elementwise on two tensors of one shape.
static LogicalResult inferElementwise(ShapeRule &rule, Value a, Value b, Types &types) {
  if (rule.minRank("a", a, 0) && rule.shape("b", b, shapeOf(a)))
    types.push_back(rule.f32(shapeOf(a)));
  return rule.result();
}

LogicalResult SwiGLUOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                         Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  return inferElementwise(rule, op.getA(), op.getB(), types);
}

LogicalResult AddOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                      Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  return inferElementwise(rule, op.getA(), op.getB(), types);
}

LogicalResult ScaleOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("x", op.getX(), 0) && rule.attribute("factor", op.getFactorAttr()))
    types.push_back(rule.f32(shapeOf(op.getX())));
  return rule.result();
}

LogicalResult SequenceAttentionOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                    Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.rank("q", op.getQ(), 3) || !rule.rank("k", op.getK(), 3) ||
      !rule.shape("v", op.getV(), shapeOf(op.getK())) ||
      !rule.heads(op.getHeadsAttr(), op.getKvHeadsAttr(), featuresOf(op.getQ()),
                  featuresOf(op.getK())) ||
      !rule.shape("k", op.getK(), withFeatures(leadOf(op.getQ()), featuresOf(op.getK()))))
    return rule.result();
  ArrayRef<int64_t> q = shapeOf(op.getQ());
  types.push_back(rule.f32(q));
  types.push_back(rule.f32({q[0], op.getHeadsAttr().getInt(), q[1]}));
  return rule.result();
}

/// Checks the operands that depth attention and its adjoint share.
static bool checkDepthAttention(ShapeRule &rule, Value q, Value keys, Value values,
                                IntegerAttr heads, IntegerAttr kvHeads) {
  return rule.minRank("q", q, 1) && rule.minRank("keys", keys, 2) &&
         rule.shape("values", values, shapeOf(keys)) &&
         rule.heads(heads, kvHeads, featuresOf(q), featuresOf(keys)) &&
         rule.shape("keys", keys,
                    stackedShape(shapeOf(keys)[0], withFeatures(leadOf(q), featuresOf(keys))));
}

LogicalResult DepthAttentionOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                 Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (checkDepthAttention(rule, op.getQ(), op.getKeys(), op.getValues(), op.getHeadsAttr(),
                          op.getKvHeadsAttr()))
    types.push_back(rule.f32(shapeOf(op.getQ())));
  return rule.result();
}

LogicalResult DepthAttentionGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                     Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!checkDepthAttention(rule, op.getQ(), op.getKeys(), op.getValues(), op.getHeadsAttr(),
                           op.getKvHeadsAttr()) ||
      !rule.shape("the result's cotangent", op.getDResult(), shapeOf(op.getQ())))
    return rule.result();
  types.push_back(rule.f32(shapeOf(op.getQ())));
  types.append(2, rule.f32(shapeOf(op.getKeys())));
  return rule.result();
}

LogicalResult LastPositionOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                               Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.rank("x", op.getX(), 3))
    return rule.result();
  ArrayRef<int64_t> x = shapeOf(op.getX());
  if (rule.shape("lengths", op.getLengths(), {x[0]}))
    types.push_back(rule.f32({x[0], x[2]}));
  return rule.result();
}

LogicalResult CacheAppendOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                              Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.rank("the cache", op.getCache(), 4))
    return rule.result();
  ArrayRef<int64_t> cache = shapeOf(op.getCache());
  if (rule.shape("the value", op.getValue(), {cache[1], cache[3]}) &&
      rule.shape("positions", op.getPosition(), {cache[1]}) &&
      rule.elements("the value", op.getValue(), getElementTypeOrSelf(op.getCache())))
    types.push_back(op.getCache().getType());
  return rule.result();
}

LogicalResult DecodeAttentionOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                  Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.rank("q", op.getQ(), 2) || !rule.rank("keys", op.getKeys(), 4) ||
      !rule.shape("values", op.getValues(), shapeOf(op.getKeys())))
    return rule.result();
  ArrayRef<int64_t> q = shapeOf(op.getQ());
  if (rule.heads(op.getHeadsAttr(), op.getKvHeadsAttr(), q[1], featuresOf(op.getKeys())) &&
      rule.size("sequences in the caches", shapeOf(op.getKeys())[1], q[0]) &&
      rule.shape("positions", op.getPosition(), {q[0]}))
    types.push_back(rule.f32(q));
  return rule.result();
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shape rules of expert attention.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"

using namespace mlir;
using namespace dreamer;

using MaybeLocation = std::optional<Location>;
using Types = SmallVectorImpl<Type>;

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                       Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("scores", op.getScores(), 1) || !rule.attribute("k", op.getKAttr()))
    return rule.result();
  int64_t experts = featuresOf(op.getScores()), k = op.getKAttr().getInt();
  rule.require(k >= 1 && k <= experts, "k in 1 to the number of experts, " + Twine(experts),
               Twine(k));
  // Types are inferred before the parser fills in default values.
  StringRef rank = op.getRankAttr() ? op.getRank() : "logit";
  rule.require(rank == "logit" || rank == "sigmoid", "rank \"logit\" or \"sigmoid\"",
               "\"" + rank + "\"");
  if (rule.shape("the bias", op.getBias(), {experts}))
    types.push_back(rule.i32(withFeatures(leadOf(op.getScores()), k)));
  return rule.result();
}

LogicalResult ReplayOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                         Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("given ids", op.getGiven(), 1) &&
      rule.shape("chosen ids", op.getChosen(), shapeOf(op.getGiven())))
    types.push_back(rule.i32(shapeOf(op.getGiven())));
  return rule.result();
}

/// Checks scores [lead, N] against ids [lead, k], k <= N.
static bool checkChoice(ShapeRule &rule, Value scores, Value ids) {
  return rule.minRank("scores", scores, 1) && rule.minRank("ids", ids, 1) &&
         rule.shape("ids", ids, withFeatures(leadOf(scores), featuresOf(ids))) &&
         rule.require(featuresOf(ids) <= featuresOf(scores),
                      "at most " + Twine(featuresOf(scores)) + " ids a row",
                      Twine(featuresOf(ids)));
}

LogicalResult GatesOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (checkChoice(rule, op.getScores(), op.getIds()))
    types.push_back(rule.f32(shapeOf(op.getIds())));
  return rule.result();
}

LogicalResult GatesGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                            Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (checkChoice(rule, op.getScores(), op.getIds()) &&
      rule.shape("the gates' cotangent", op.getDGates(), shapeOf(op.getIds())))
    types.push_back(rule.f32(shapeOf(op.getScores())));
  return rule.result();
}

/// Checks that weights [N, f, h] are of one shape.
static bool checkExperts(ShapeRule &rule, ValueRange weights) {
  if (!rule.require(!weights.empty(), "at least one weight", "none") ||
      !rule.rank("a weight", weights.front(), 3))
    return false;
  return llvm::all_of(weights.drop_front(), [&](Value weight) {
    return rule.shape("another weight", weight, shapeOf(weights.front()));
  });
}

LogicalResult ExpertLinearOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                               Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  Value u = op.getU(), ids = op.getIds();
  if (!rule.minRank("u", u, 1) || !rule.minRank("ids", ids, 1) ||
      !rule.shape("ids", ids, withFeatures(leadOf(u), featuresOf(ids))) ||
      !checkExperts(rule, op.getWeights()))
    return rule.result();
  ArrayRef<int64_t> shape = shapeOf(op.getWeights().front());
  if (rule.size("input features of a weight", shape[2], featuresOf(u)))
    types.append(op.getWeights().size(), rule.f32(withFeatures(shapeOf(ids), shape[1])));
  return rule.result();
}

LogicalResult ExpertLinearGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                   Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  size_t weights = op.getWeights().size(), cotangents = op.getDProducts().size();
  Value ids = op.getIds();
  if (!checkExperts(rule, op.getWeights()) ||
      !rule.require(cotangents == weights,
                    Twine(weights) + " cotangents, one of each weight's product",
                    Twine(cotangents)) ||
      !rule.minRank("ids", ids, 1))
    return rule.result();
  ArrayRef<int64_t> shape = shapeOf(op.getWeights().front());
  for (Value cotangent : op.getDProducts())
    if (!rule.shape("a product's cotangent", cotangent, withFeatures(shapeOf(ids), shape[1])))
      return rule.result();
  types.push_back(rule.f32(withFeatures(leadOf(ids), shape[2])));
  return rule.result();
}

/// Checks the operands that the mixture and its adjoint share.
static bool checkMixture(ShapeRule &rule, Value a, Value b, Value ids, Value gates, Value w2) {
  return rule.minRank("ids", ids, 1) && rule.shape("gates", gates, shapeOf(ids)) &&
         rule.rank("w2", w2, 3) && rule.shape("a", a, withFeatures(shapeOf(ids), shapeOf(w2)[2])) &&
         rule.shape("b", b, shapeOf(a));
}

LogicalResult MixExpertsOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                             Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (checkMixture(rule, op.getA(), op.getB(), op.getIds(), op.getGates(), op.getW2()))
    types.push_back(rule.f32(withFeatures(leadOf(op.getIds()), shapeOf(op.getW2())[1])));
  return rule.result();
}

LogicalResult MixExpertsGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                 Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!checkMixture(rule, op.getA(), op.getB(), op.getIds(), op.getGates(), op.getW2()) ||
      !rule.shape("the result's cotangent", op.getDResult(),
                  withFeatures(leadOf(op.getIds()), shapeOf(op.getW2())[1])))
    return rule.result();
  types.append(2, rule.f32(shapeOf(op.getA())));
  types.push_back(rule.f32(shapeOf(op.getGates())));
  types.push_back(rule.f32(shapeOf(op.getA())));
  return rule.result();
}

LogicalResult ExpertWeightGradOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                                   Adaptor op, Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  // While text is parsed only the sizes of operand groups are properties.
  IntegerAttr experts = op.getExpertsAttr();
  if (!experts && op.getAttributes())
    experts = op.getAttributes().getAs<IntegerAttr>("experts");
  if (!rule.require(!op.getLefts().empty(), "at least one left factor", "none") ||
      !rule.minRank("ids", op.getIds(), 1) || !rule.attribute("experts", experts) ||
      !rule.positive("number of experts", experts.getInt()))
    return rule.result();
  // [lead, F] or [lead, k, F]
  auto factor = [&](StringRef name, Value value) {
    if (!rule.minRank(name, value, 1))
      return false;
    bool ofChoices = shapeOf(value).size() > shapeOf(op.getIds()).size();
    return rule.shape(
        name, value,
        withFeatures(ofChoices ? shapeOf(op.getIds()) : leadOf(op.getIds()), featuresOf(value)));
  };
  if (!factor("the right factor", op.getRight()))
    return rule.result();
  for (Value left : op.getLefts()) {
    if (!factor("a left factor", left))
      return rule.result();
    types.push_back(rule.f32({experts.getInt(), featuresOf(left), featuresOf(op.getRight())}));
  }
  return rule.result();
}

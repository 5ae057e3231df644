// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shape rules of histories and stacks.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"

using namespace mlir;
using namespace dreamer;

using MaybeLocation = std::optional<Location>;
using Types = SmallVectorImpl<Type>;

LogicalResult AppendOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                         Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("the history", op.getHistory(), 1) &&
      rule.shape("the value", op.getValue(), shapeOf(op.getHistory()).drop_front()))
    types.push_back(rule.f32(shapeOf(op.getHistory())));
  return rule.result();
}

LogicalResult HistoryOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                          Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("like", op.getLike(), 1) || !rule.attribute("slots", op.getSlotsAttr()) ||
      !rule.attribute("features", op.getFeaturesAttr()))
    return rule.result();
  int64_t slots = op.getSlotsAttr().getInt(), features = op.getFeaturesAttr().getInt();
  if (rule.positive("number of slots", slots) && rule.positive("number of features", features))
    types.push_back(rule.f32(stackedShape(slots, withFeatures(leadOf(op.getLike()), features))));
  return rule.result();
}

LogicalResult SlotOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                       Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("the stack", op.getStack(), 1)) {
    auto type = cast<RankedTensorType>(op.getStack().getType());
    types.push_back(type.clone(type.getShape().drop_front()));
  }
  return rule.result();
}

LogicalResult StackOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  ValueRange parts = op.getParts();
  if (!rule.require(!parts.empty(), "at least one part", "none") ||
      !rule.minRank("parts", parts[0], 0))
    return rule.result();
  rule.require(llvm::all_equal(parts.getTypes()), "parts of one type", "different ones");
  if (rule) {
    auto type = cast<RankedTensorType>(parts[0].getType());
    types.push_back(type.clone(stackedShape(parts.size(), type.getShape())));
  }
  return rule.result();
}

LogicalResult UnstackOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                          Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (rule.minRank("the stack", op.getStack(), 1)) {
    auto type = cast<RankedTensorType>(op.getStack().getType());
    types.append(type.getDimSize(0), type.clone(type.getShape().drop_front()));
  }
  return rule.result();
}

LogicalResult SplitOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("x", op.getX(), 1) || !rule.attribute("axis", op.getAxisAttr()) ||
      !rule.attribute("parts", op.getPartsAttr()))
    return rule.result();
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t axis = op.getAxisAttr().getInt(), parts = op.getPartsAttr().getInt();
  if (rule.require(axis >= 0 && axis < type.getRank(),
                   "an axis from 0 to " + Twine(type.getRank() - 1), Twine(axis)) &&
      rule.positive("number of parts", parts) &&
      rule.divides("the number of parts", parts, "the dimension", type.getDimSize(axis))) {
    Shape shape(type.getShape());
    shape[axis] /= parts;
    types.push_back(type.clone(stackedShape(parts, shape)));
  }
  return rule.result();
}

LogicalResult MergeOp::inferReturnTypes(MLIRContext *context, MaybeLocation location, Adaptor op,
                                        Types &types) {
  ShapeRule rule(context, location, getOperationName(), op.getOperands());
  if (!rule.minRank("the stack", op.getStack(), 2) || !rule.attribute("axis", op.getAxisAttr()))
    return rule.result();
  auto type = cast<RankedTensorType>(op.getStack().getType());
  int64_t axis = op.getAxisAttr().getInt();
  if (rule.require(axis >= 0 && axis < type.getRank() - 1,
                   "an axis from 0 to " + Twine(type.getRank() - 2), Twine(axis))) {
    Shape shape(type.getShape().drop_front());
    shape[axis] *= type.getDimSize(0);
    types.push_back(type.clone(shape));
  }
  return rule.result();
}

/// Both count steps of a depth, i32 [], in windows of `size`.
template <typename Adaptor>
static LogicalResult inferCount(ShapeRule rule, Adaptor op, Types &types) {
  if (rule.rank("the depth", op.getDepth(), 0) && rule.attribute("size", op.getSizeAttr()) &&
      rule.positive("size", op.getSizeAttr().getInt()))
    types.push_back(rule.i32({}));
  return rule.result();
}

LogicalResult WindowCountOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                              Adaptor op, Types &types) {
  return inferCount({context, location, getOperationName(), op.getOperands()}, op, types);
}

LogicalResult WindowStepsOp::inferReturnTypes(MLIRContext *context, MaybeLocation location,
                                              Adaptor op, Types &types) {
  return inferCount({context, location, getOperationName(), op.getOperands()}, op, types);
}

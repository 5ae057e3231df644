// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the contractions cost: FLOPs counted from shapes, masks and prefixes exactly,
// memory traffic corrected where an operation reads a part of an operand.

#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Dreamer/ShapeRule.h"

using namespace mlir;
using namespace dreamer;

AdjointContext::~AdjointContext() = default;
DecodeContext::~DecodeContext() = default;

static int64_t bytesOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getNumElements() * type.getElementTypeBitWidth() / 8 : 0;
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

Cost Cost::ofMemoryTraffic(Operation *op) {
  Cost cost;
  for (Value operand : op->getOperands())
    cost.bytesRead += bytesOf(operand);
  for (Value result : op->getResults())
    cost.bytesWritten += bytesOf(result);
  return cost;
}

static Cost withFlops(Operation *op, int64_t flops) {
  Cost cost = Cost::ofMemoryTraffic(op);
  cost.flops = flops;
  return cost;
}

using IndexOf = llvm::function_ref<int64_t(Value)>;

Cost LinearOp::getCost(IndexOf) {
  return withFlops(*this, 2 * product(leadOf(getX())) * product(shapeOf(getWeight())));
}

Cost LinearWeightGradOp::getCost(IndexOf) {
  return withFlops(*this, 2 * product(leadOf(getX())) * product(shapeOf(getDWeight())));
}

/// Multiply-adds of one causal product of all heads: T (T + 1) / 2 pairs of positions.
static int64_t causalPairs(Value q) {
  ArrayRef<int64_t> shape = shapeOf(q); // [B, T, heads * c]
  return shape[0] * shape[2] * (shape[1] * (shape[1] + 1) / 2);
}

Cost SequenceAttentionOp::getCost(IndexOf) {
  return withFlops(*this, 2 * 2 * causalPairs(getQ())); // q k^T, p v
}

Cost SequenceAttentionGradOp::getCost(IndexOf) {
  return withFlops(*this, 5 * 2 * causalPairs(getQ())); // q k^T again, dp, dv, dq, dk
}

/// Leaves, of what is read of two histories, their first `count` slots.
static void readPrefix(Cost &cost, Value history, int64_t count) {
  int64_t slots = shapeOf(history)[0];
  cost.bytesRead -= 2 * (bytesOf(history) - bytesOf(history) / slots * count);
}

Cost DepthAttentionOp::getCost(IndexOf index) {
  int64_t count = index(getCount());
  Cost cost = withFlops(*this, 2 * 2 * count * product(shapeOf(getQ())));
  readPrefix(cost, getKeys(), count);
  return cost;
}

Cost DepthAttentionGradOp::getCost(IndexOf index) {
  int64_t count = index(getCount());
  Cost cost = withFlops(*this, 5 * 2 * count * product(shapeOf(getQ())));
  readPrefix(cost, getKeys(), count);
  return cost;
}

Cost DecodeAttentionOp::getCost(IndexOf) {
  ArrayRef<int64_t> cache = shapeOf(getKeys()); // [D, B, C, kv_heads * c]
  Cost cost = withFlops(*this, 2 * 2 * cache[2] * product(shapeOf(getQ())));
  cost.bytesRead -= 2 * (bytesOf(getKeys()) - bytesOf(getKeys()) / cache[0]); // one slot
  return cost;
}

/// Multiply-adds of one product with each chosen expert.
static int64_t expertPairs(Value ids, Value w1) {
  ArrayRef<int64_t> weight = shapeOf(w1); // [N, f, h]
  return product(shapeOf(ids)) * weight[1] * weight[2];
}

Cost MixExpertsOp::getCost(IndexOf) {
  return withFlops(*this, 3 * 2 * expertPairs(getIds(), getW1()));
}

Cost MixExpertsGradOp::getCost(IndexOf) {
  // w1 and w3 again, then both operands' cotangents of all three products.
  return withFlops(*this, (2 + 6) * 2 * expertPairs(getIds(), getW1()));
}

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

int64_t dreamer::bytesOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getNumElements() * type.getElementTypeBitWidth() / 8 : 0;
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

using IndexOf = llvm::function_ref<int64_t(Value)>;

Cost Cost::ofMemoryTraffic(Operation *op, IndexOf index) {
  auto counted = cast<CostOpInterface>(op);
  Cost cost;
  for (Value operand : op->getOperands())
    cost.bytesRead += counted.getTouchedBytes(operand, index);
  for (Value result : op->getResults())
    cost.bytesWritten += counted.getTouchedBytes(result, index);
  return cost;
}

static Cost withFlops(Operation *op, int64_t flops, IndexOf index) {
  Cost cost = Cost::ofMemoryTraffic(op, index);
  cost.flops = flops;
  return cost;
}

//===-- Products ---===//

Cost LinearOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * product(leadOf(getX())) * product(shapeOf(getWeight())), index);
}

Cost LinearWeightGradOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * product(leadOf(getX())) * product(shapeOf(getDWeight())), index);
}

Cost LinearCrossEntropyOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * product(leadOf(getX())) * product(shapeOf(getWeight())), index);
}

Cost LinearCrossEntropyGradOp::getCost(IndexOf index) {
  // The logits, and both factors' cotangents.
  return withFlops(*this, 3 * 2 * product(leadOf(getX())) * product(shapeOf(getWeight())), index);
}

//===-- Attention ---===//

/// Multiply-adds of one causal product of all heads: T (T + 1) / 2 pairs of positions.
static int64_t causalPairs(Value q) {
  ArrayRef<int64_t> shape = shapeOf(q); // [B, T, heads * c]
  return shape[0] * shape[2] * (shape[1] * (shape[1] + 1) / 2);
}

Cost SequenceAttentionOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * 2 * causalPairs(getQ()), index); // q k^T, p v
}

Cost SequenceAttentionGradOp::getCost(IndexOf index) {
  // q k^T again, dp, dv, dq, dk
  return withFlops(*this, 5 * 2 * causalPairs(getQ()), index);
}

/// `count` entries of the first dimension of `value`.
static int64_t entriesOf(Value value, int64_t count) {
  return bytesOf(value) / shapeOf(value)[0] * count;
}

Cost DepthAttentionOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * 2 * index(getCount()) * product(shapeOf(getQ())), index);
}

int64_t DepthAttentionOp::getTouchedBytes(Value value, IndexOf index) {
  bool isHistory = value == getKeys() || value == getValues();
  return isHistory ? entriesOf(value, index(getCount())) : bytesOf(value);
}

Cost DepthAttentionGradOp::getCost(IndexOf index) {
  return withFlops(*this, 5 * 2 * index(getCount()) * product(shapeOf(getQ())), index);
}

int64_t DepthAttentionGradOp::getTouchedBytes(Value value, IndexOf index) {
  bool isSum = llvm::is_contained(getSums(), value) ||
               (!getSums().empty() && (value == getDKeys() || value == getDValues()));
  bool isHistory = value == getKeys() || value == getValues() || isSum;
  return isHistory ? entriesOf(value, index(getCount())) : bytesOf(value);
}

Cost DecodeAttentionOp::getCost(IndexOf index) {
  ArrayRef<int64_t> cache = shapeOf(getKeys()); // [D, B, C, kv_heads * c]
  return withFlops(*this, 2 * 2 * cache[2] * product(shapeOf(getQ())), index);
}

int64_t DecodeAttentionOp::getTouchedBytes(Value value, IndexOf) {
  return value == getKeys() || value == getValues() ? entriesOf(value, 1) : bytesOf(value);
}

//===-- Experts ---===//

/// Multiply-adds of one product of each choice with a matrix of its expert.
static int64_t expertPairs(Value ids, Value weight) {
  ArrayRef<int64_t> shape = shapeOf(weight);
  return product(shapeOf(ids)) * shape[1] * shape[2];
}

/// The same with each of `weights`.
static int64_t expertPairs(Value ids, ValueRange weights) {
  int64_t pairs = 0;
  for (Value weight : weights)
    pairs += expertPairs(ids, weight);
  return pairs;
}

/// Bytes of a weight of experts: of no more of them than there are choices.
static int64_t chosenExperts(Value weight, Value ids) {
  return entriesOf(weight, std::min(shapeOf(weight)[0], product(shapeOf(ids))));
}

Cost ExpertLinearOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * expertPairs(getIds(), getWeights()), index);
}

int64_t ExpertLinearOp::getTouchedBytes(Value value, IndexOf) {
  return llvm::is_contained(getWeights(), value) ? chosenExperts(value, getIds()) : bytesOf(value);
}

Cost ExpertLinearGradOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * expertPairs(getIds(), getWeights()), index);
}

int64_t ExpertLinearGradOp::getTouchedBytes(Value value, IndexOf) {
  return llvm::is_contained(getWeights(), value) ? chosenExperts(value, getIds()) : bytesOf(value);
}

Cost MixExpertsOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * expertPairs(getIds(), getW2()), index);
}

int64_t MixExpertsOp::getTouchedBytes(Value value, IndexOf) {
  return value == getW2() ? chosenExperts(value, getIds()) : bytesOf(value);
}

Cost MixExpertsGradOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * expertPairs(getIds(), getW2()), index);
}

int64_t MixExpertsGradOp::getTouchedBytes(Value value, IndexOf) {
  return value == getW2() ? chosenExperts(value, getIds()) : bytesOf(value);
}

Cost ExpertWeightGradOp::getCost(IndexOf index) {
  return withFlops(*this, 2 * expertPairs(getIds(), getDWeights()), index);
}

int64_t ExpertWeightGradOp::getTouchedBytes(Value value, IndexOf) {
  bool isSum = llvm::is_contained(getSums(), value) ||
               (!getSums().empty() && llvm::is_contained(getDWeights(), value));
  return isSum ? chosenExperts(value, getIds()) : bytesOf(value);
}

//===-- Parts of tables, stacks and caches ---===//

int64_t EmbeddingOp::getTouchedBytes(Value value, IndexOf) {
  return value == getTable() ? std::min(bytesOf(value), bytesOf(getResult())) : bytesOf(value);
}

int64_t AppendOp::getTouchedBytes(Value value, IndexOf) {
  return value == getHistory() ? 0 : bytesOf(getValue()); // the result is the history in place
}

int64_t SlotOp::getTouchedBytes(Value, IndexOf) { return bytesOf(getResult()); }

int64_t CacheAppendOp::getTouchedBytes(Value value, IndexOf) {
  return value == getCache() ? 0 : bytesOf(value == getResult() ? getValue() : value);
}

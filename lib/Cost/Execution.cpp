// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Cost/Execution.h"
#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;

namespace dreamer {

void Execution::run(FunctionOpInterface function, Visitor visit) {
  known.clear();
  for (Block &block : function.getFunctionBody())
    runBlock(block, visit);
}

std::optional<int64_t> Execution::index(Value value) const {
  auto found = known.find(value);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

/// The constant value of an `index` that `op` computes from known ones, by its folder.
static std::optional<int64_t> foldIndex(Operation *op, const Execution &execution) {
  if (op->getNumResults() != 1 || !op->getResult(0).getType().isIndex())
    return std::nullopt;
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> value = execution.index(operand);
    operands.push_back(value ? IntegerAttr::get(operand.getType(), *value) : Attribute());
  }
  SmallVector<OpFoldResult, 1> results;
  if (failed(op->fold(operands, results)) || results.size() != 1)
    return std::nullopt;
  if (auto value = dyn_cast<Value>(results.front()))
    return execution.index(value);
  if (auto constant = dyn_cast<IntegerAttr>(cast<Attribute>(results.front())))
    return constant.getInt();
  return std::nullopt;
}

void Execution::runBlock(Block &block, Visitor visit) {
  for (Operation &op : block) {
    if (auto value = foldIndex(&op, *this))
      known[op.getResult(0)] = *value;
    visit(&op);
    if (auto recur = dyn_cast<RecurOp>(op)) {
      for (int64_t step = 0; step < static_cast<int64_t>(recur.getBound()); ++step) {
        known[recur.getIndex()] = step;
        runBlock(recur.getBody().front(), visit);
      }
      continue;
    }
    if (isa<FusedOp>(op))
      continue; // it counts what is inside
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        runBlock(nested, visit);
  }
}

} // namespace dreamer

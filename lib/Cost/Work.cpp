// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Cost/Work.h"
#include "dialects/Dreamer/DreamerInterfaces.h"
#include "lib/Cost/Execution.h"

using namespace mlir;

namespace dreamer {

Work::Work(FunctionOpInterface function) {
  Execution execution;
  execution.run(function, [&](Operation *op) {
    auto counted = dyn_cast<CostOpInterface>(op);
    if (!counted)
      return;
    auto index = [&](Value value) { return execution.index(value).value_or(0); };
    flops[op].add(counted.getCost(index).flops);
    llvm::SmallDenseSet<Value> seen;
    for (ValueRange values : {ValueRange(op->getOperands()), ValueRange(op->getResults())})
      for (Value value : values)
        if (isa<RankedTensorType>(value.getType()) && seen.insert(value).second)
          touched[{op, value}].add(counted.getTouchedBytes(value, index));
  });
}

int64_t Work::flopsOf(Operation *op) const { return flops.lookup(op).mean(); }

int64_t Work::touchedBytes(Operation *op, Value value) const {
  auto found = touched.find({op, value});
  return found == touched.end() ? bytesOf(value) : found->second.mean();
}

} // namespace dreamer

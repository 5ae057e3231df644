// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes decide of memory, written down in the module's `dreamer.plan` for reports.

#ifndef DREAMER_PASSES_SUPPORT_PLAN_H
#define DREAMER_PASSES_SUPPORT_PLAN_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace dreamer {

/// One decision.
struct PlanLine {
  mlir::Operation *op; ///< what it is about; gives its name, its part of the model and its function
  std::string subject; ///< "gradient", "value"
  std::string decision; ///< "deferred", "kept", ...
  int64_t bytes = 0;    ///< of memory that the decision takes or frees, of all steps
  int64_t flops = 0;    ///< of all steps, that it costs
  // Of a gradient:
  int64_t sumBytes = 0; ///< what every step adds to
  int64_t steps = 0;    ///< of the loop
  int64_t window = 0;   ///< steps that are deferred together
  int64_t rows = 0;     ///< of one step
  std::string reason = {};
};

/// Adds a line to the plan.
void addToPlan(mlir::ModuleOp module, const PlanLine &line);

} // namespace dreamer

#endif // DREAMER_PASSES_SUPPORT_PLAN_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cost accountant: what a model costs in parameters, arithmetic and memory, by part
// and by operation, counted through CostOpInterface. It counts IR of the model or the
// program phase and knows no operation by name but the loop and, for the parameters that a
// token uses, the mixture of experts.

#ifndef DREAMER_LIB_COST_REPORT_H
#define DREAMER_LIB_COST_REPORT_H

#include "dialects/Dreamer/DreamerInterfaces.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dreamer {

/// Values by name, in the order in which the names came.
template <typename Value>
using ByName = llvm::MapVector<std::string, Value, std::map<std::string, unsigned>>;

/// What some executions of operations cost together.
struct CostLine {
  int64_t executions = 0;
  Cost cost;

  CostLine &operator+=(const CostLine &other);
};

/// One function at its batch, its context and the depths it is compiled for.
struct FunctionCost {
  std::string name;
  int64_t tokens = 0; ///< B * T, or B in decoding
  CostLine total;
  ByName<CostLine> byPart; ///< in order of first execution
  ByName<CostLine> byOp;   ///< by the operation's name
  int64_t unresolved = 0;  ///< executions whose index only a run gives; counted as index 0

  /// FLOPs of contractions for each token.
  double flopsPerToken() const { return tokens ? double(total.cost.flops) / tokens : 0; }
};

/// What a part of the model holds and does.
struct PartCost {
  int64_t parameters = 0;
  int64_t activeParameters = 0; ///< of experts, those that one application uses
  int64_t cacheBytes = 0;       ///< keys and values of all positions, kept while decoding
  int64_t historyBytes = 0;     ///< keys and values of all depths, kept while a token is in flight
  int64_t activationBytes = 0;  ///< results of all operations of a forward pass, histories not
  CostLine forward;
  CostLine training;

  PartCost &operator+=(const PartCost &other);
};

/// A line of `dreamer.plan`: what passes decided of memory, and why.
struct PlanEntry {
  std::string function, part, operation;
  std::string subject, decision, reason;
  int64_t bytes = 0, flops = 0;
  int64_t window = 0, rows = 0; ///< of gradients: steps that are deferred together, rows of a step
  int64_t sumBytes = 0, steps = 0; ///< of gradients: what every step adds to, steps of the loop
};

struct CostReport {
  std::string model;
  int64_t batch = 0;
  int64_t context = 0;
  PartCost total;
  ByName<PartCost> parts;
  std::vector<FunctionCost> functions;     ///< all of the module
  std::string forwardName;                 ///< the function that `forward` counts
  std::optional<std::string> trainingName; ///< the one that `training` counts, if there is one
  std::vector<PlanEntry> plan;
  int64_t keptBytes = 0; ///< activations that the training function keeps for its reverse pass

  int64_t tokens() const { return batch * context; }
  int64_t weightBytes() const { return 4 * total.parameters; }
  /// Gradients and both moments of AdamW beside the weights, f32.
  int64_t trainingStateBytes() const { return 3 * weightBytes(); }
  double forwardFlopsPerToken() const;
  double trainingFlopsPerToken() const;
};

/// The lines of a module's `dreamer.plan`.
std::vector<PlanEntry> readPlan(mlir::ModuleOp module);

/// Counts one function.
FunctionCost accountFunction(mlir::FunctionOpInterface function);

/// Counts a module with a forward pass (`forward` or `score`) and, where there is one, a
/// training function (`train_step` or `gradients`). Failure, after an error, without a
/// forward pass on `tokens` i32 [B, T].
mlir::FailureOr<CostReport> accountModel(mlir::ModuleOp module);

/// Tables for people, numbers rounded.
void printReport(const CostReport &report, llvm::raw_ostream &os);

/// Exact numbers for programs: sizes in bytes, FLOPs of a whole call and for each token.
llvm::json::Object reportToJSON(const CostReport &report);

} // namespace dreamer

#endif // DREAMER_LIB_COST_REPORT_H

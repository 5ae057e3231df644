// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Pipelines/MemorySteps.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Cost/Work.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <algorithm>
#include <optional>

using namespace mlir;
using namespace dreamer;

/// What a processor computes while it moves a byte to or from memory, in round numbers.
static constexpr double flopsPerByte = 8;

double MemoryStep::price() const {
  return (static_cast<double>(flops) + flopsPerByte * static_cast<double>(traffic)) /
         static_cast<double>(std::max<int64_t>(bytes, 1));
}

bool MemoryStep::isCheap() const { return value && flops == 0 && price() < 5 * flopsPerByte; }

namespace {

class Recomputing {
public:
  Recomputing(FunctionOpInterface forward, KeptBytes kept) : kept(std::move(kept)), work(forward) {}

  /// Takes the cheapest steps one after the other, those that need no product first.
  std::vector<MemoryStep> run() {
    std::vector<MemoryStep> steps;
    while (true) {
      std::optional<MemoryStep> best;
      for (auto [op, bytes] : kept) {
        std::optional<MemoryStep> step = giveUp(op, bytes);
        if (step && (!best || order(*step) < order(*best)))
          best = std::move(step);
      }
      if (!best)
        return steps;
      kept.erase(best->value);
      again.insert(best->again.begin(), best->again.end());
      steps.push_back(std::move(*best));
    }
  }

private:
  static std::pair<bool, double> order(const MemoryStep &step) {
    return {!step.isCheap(), step.price()};
  }

  std::optional<MemoryStep> giveUp(Operation *op, int64_t bytes) {
    MemoryStep step;
    step.value = op;
    step.bytes = bytes;
    llvm::SmallSetVector<Operation *, 8> needed;
    if (!collect(op, op, needed))
      return std::nullopt;
    int64_t depths = static_cast<int64_t>(op->getParentOfType<RecurOp>().getBound());
    for (Operation *other : needed) {
      if (again.contains(other))
        continue;
      step.again.push_back(other);
      step.flops += depths * work.flopsOf(other);
      for (ValueRange values : {ValueRange(other->getOperands()), ValueRange(other->getResults())})
        for (Value value : values)
          step.traffic += depths * work.touchedBytes(other, value);
    }
    return step;
  }

  /// What has to run for the results of `op`, `given` being no longer kept. False where something
  /// in it may not.
  bool collect(Operation *op, Operation *given, llvm::SmallSetVector<Operation *, 8> &needed) {
    if (needed.contains(op) || (op != given && kept.contains(op)))
      return true;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!isPure(op) || op->getNumRegions() || (differentiable && !differentiable.mayRecompute()))
      return false;
    needed.insert(op);
    for (Value operand : op->getOperands()) {
      Operation *definition = operand.getDefiningOp();
      // Histories serve every step as they are.
      if (definition && definition->getBlock() == op->getBlock() && !isa<AppendOp>(definition) &&
          isa<RankedTensorType>(operand.getType()) && !collect(definition, given, needed))
        return false;
    }
    return true;
  }

  KeptBytes kept;
  Work work;
  llvm::SmallPtrSet<Operation *, 16> again;
};

} // namespace

std::vector<MemoryStep> dreamer::recomputeSteps(Operation *forward, KeptBytes kept) {
  return Recomputing(cast<FunctionOpInterface>(forward), std::move(kept)).run();
}

std::vector<MemoryStep> dreamer::windowSteps(ArrayRef<PlanEntry> plan) {
  int64_t window = 1, rowBytes = 0, sumBytes = 0; // the latter of all depths
  for (const PlanEntry &entry : plan) {
    if (entry.window <= 1)
      continue;
    window = std::max(window, entry.window);
    rowBytes += entry.bytes / entry.window;
    sumBytes += entry.sumBytes * entry.steps;
  }
  std::vector<MemoryStep> steps;
  for (int64_t size = window; size > 1; size /= 2) {
    MemoryStep step;
    step.window = size / 2;
    step.bytes = rowBytes * (size - step.window);
    // The sums are read and written once for each window.
    step.traffic = 2 * (sumBytes / step.window - sumBytes / size);
    steps.push_back(std::move(step));
  }
  return steps;
}

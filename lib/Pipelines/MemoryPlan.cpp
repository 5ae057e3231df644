// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Pipelines/MemoryPlan.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Pipelines/MemorySteps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "passes/Support/Plan.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <iterator>
#include <map>

using namespace mlir;
using namespace dreamer;
using llvm::formatv;

/// The larger one last: moments are more than gradients.
static constexpr StringLiteral trainingEntries[] = {"gradients", "train_step"};

static bool isTraining(StringRef name) { return llvm::is_contained(trainingEntries, name); }

/// What the buffers of a scheduled entry take, 0 for another function.
static int64_t bytesOfEntry(func::FuncOp function) {
  if (!function->hasAttr(schedule::attribute::entry))
    return 0;
  int64_t bytes = 0;
  for (Type type : function.getArgumentTypes())
    bytes += cast<MemRefType>(type).getNumElements();
  return bytes;
}

namespace {

/// Marks forward operations in clones, so that they are found again in what is made of them.
constexpr StringLiteral numberAttribute = "dreamer.number";

/// Steps that are taken, by their places in the order.
using Choice = std::vector<size_t>;

/// The first `count` of them.
static Choice firstSteps(size_t count) {
  auto range = llvm::seq<size_t>(0, count);
  return {range.begin(), range.end()};
}

/// The operations in the loops of the forward pass, in an order that clones share.
static std::vector<Operation *> operationsInLoops(func::FuncOp forward) {
  std::vector<Operation *> operations;
  forward.walk([&](Operation *op) {
    if (op->getParentOfType<RecurOp>() && !isa<YieldOp>(op))
      operations.push_back(op);
  });
  return operations;
}

class Planner {
public:
  Planner(ModuleOp module, ProgramOptions &options, ArrayRef<std::string> targets)
      : module(module), options(options), targets(targets) {}

  LogicalResult run();

private:
  void chooseEntries();
  LogicalResult findSteps(func::FuncOp forward);
  LogicalResult addWindows();
  FailureOr<KeptBytes> findKept(func::FuncOp forward);
  void mark(ModuleOp model, const Choice &choice) const;
  int64_t windowAfter(const Choice &choice) const;
  FailureOr<int64_t> measure(const Choice &choice);
  FailureOr<Choice> choose();
  FailureOr<Choice> exchangeLast(Choice choice);
  void writeDown(const Choice &choice);

  ModuleOp module;
  ProgramOptions &options;
  ArrayRef<std::string> targets;
  std::vector<std::string> entries;    ///< that train
  std::vector<Operation *> operations; ///< in forward loops, by number
  KeptBytes kept;
  std::vector<MemoryStep> steps;
  size_t always = 0; ///< steps that are taken in any case
  std::map<Choice, int64_t> measured;
};

/// The entry points that train, of those asked for.
void Planner::chooseEntries() {
  for (StringRef name : trainingEntries)
    if (options.entries.empty() || llvm::is_contained(options.entries, name))
      entries.push_back(name.str());
  if (entries.size() == 2)
    entries.erase(entries.begin());
}

/// What the first entry keeps of the results of forward operations if nothing is given up.
FailureOr<KeptBytes> Planner::findKept(func::FuncOp forward) {
  operations = operationsInLoops(forward);
  Builder builder(module.getContext());
  for (auto [i, op] : llvm::enumerate(operations))
    op->setAttr(numberAttribute, builder.getI64IntegerAttr(static_cast<int64_t>(i)));
  OwningOpRef<ModuleOp> clone = module.clone();
  for (Operation *op : operations)
    op->removeAttr(numberAttribute);

  PassManager passes(module->getContext());
  BuildEntryPointsOptions build;
  build.entries.assign(entries.begin(), entries.end());
  build.recompute = options.recompute;
  build.microBatches = options.microBatches;
  passes.addPass(createBuildEntryPoints(std::move(build)));
  if (failed(passes.run(*clone)))
    return failure();
  KeptBytes result;
  clone->walk([&](RecurOp loop) {
    for (auto [value, stacked] :
         llvm::zip_equal(loop.getYield().getStacked(), loop.getStackedResults())) {
      Operation *op = value.getDefiningOp();
      auto number = op ? op->getAttrOfType<IntegerAttr>(numberAttribute) : IntegerAttr();
      if (number && !stacked.use_empty())
        result[operations[number.getInt()]] += bytesOf(stacked);
    }
  });
  return result;
}

/// Finds what may be computed again, and how much of it always is.
LogicalResult Planner::findSteps(func::FuncOp forward) {
  FailureOr<KeptBytes> found = findKept(forward);
  if (failed(found))
    return failure();
  kept = *found;
  steps = recomputeSteps(forward, kept);
  if (options.recomputeCheap)
    always = llvm::find_if_not(steps, [](const MemoryStep &step) { return step.isCheap(); }) -
             steps.begin();
  return success();
}

/// Adds the steps to shorter windows.
LogicalResult Planner::addWindows() {
  OwningOpRef<ModuleOp> clone = module.clone();
  PassManager passes(module->getContext());
  ProgramOptions program = options;
  program.entries = entries;
  addProgramPipeline(passes, program);
  if (failed(passes.run(*clone)))
    return failure();
  // Both kinds keep their own order: a step counts on those before it.
  std::vector<MemoryStep> again = std::move(steps), windows = windowSteps(readPlan(*clone));
  auto rest = again.begin() + static_cast<std::ptrdiff_t>(always);
  steps.assign(again.begin(), rest);
  auto cheaper = [](const MemoryStep &a, const MemoryStep &b) { return a.price() < b.price(); };
  std::merge(rest, again.end(), windows.begin(), windows.end(), std::back_inserter(steps), cheaper);
  return success();
}

void Planner::mark(ModuleOp model, const Choice &choice) const {
  std::vector<Operation *> clones = operationsInLoops(model.lookupSymbol<func::FuncOp>("forward"));
  for (size_t i : choice)
    for (Operation *op : steps[i].again)
      clones[llvm::find(operations, op) - operations.begin()]->setAttr(
          attribute::recompute, UnitAttr::get(model.getContext()));
}

int64_t Planner::windowAfter(const Choice &choice) const {
  int64_t window = options.deferWindow;
  for (size_t i : choice)
    if (steps[i].window)
      window = steps[i].window;
  return window;
}

/// Bytes of the entries' buffers after these steps, for the target that takes most.
FailureOr<int64_t> Planner::measure(const Choice &choice) {
  if (auto known = measured.find(choice); known != measured.end())
    return known->second;
  OwningOpRef<ModuleOp> clone = module.clone();
  mark(*clone, choice);
  ProgramOptions program = options;
  program.entries = entries;
  program.deferWindow = windowAfter(choice);
  PassManager passes(module->getContext());
  addProgramPipeline(passes, program);
  addKernelsPipeline(passes, program, targets);
  if (failed(passes.run(*clone)))
    return failure();
  int64_t most = 0;
  clone->walk([&](func::FuncOp function) { most = std::max(most, bytesOfEntry(function)); });
  return measured[choice] = most;
}

/// The shortest run of steps that fits. More steps mostly take less memory: where they do not, the run
/// found is not the shortest, but fits.
FailureOr<Choice> Planner::choose() {
  FailureOr<int64_t> most = measure({}), least = measure(firstSteps(steps.size()));
  if (failed(most) || failed(least))
    return failure();
  if (*least > options.memoryBudget)
    return module.emitError() << "expected a memory budget of at least " << *least << " bytes ("
                              << llvm::divideCeil(*least, 1 << 20) << " MiB) for "
                              << entries.front() << ", found " << options.memoryBudget
                              << "; hint: --micro-batches, or a smaller batch or context";
  FailureOr<int64_t> first = measure(firstSteps(always));
  if (failed(first))
    return failure();
  if (*first <= options.memoryBudget)
    return firstSteps(always);
  size_t fails = always, fits = steps.size();
  while (fits > fails + 1) {
    size_t middle = (fits + fails) / 2;
    FailureOr<int64_t> bytes = measure(firstSteps(middle));
    if (failed(bytes))
      return failure();
    (*bytes <= options.memoryBudget ? fits : fails) = middle;
  }
  return exchangeLast(firstSteps(fits));
}

/// The last step may free more than is missing: one further on that costs less in all may do.
FailureOr<Choice> Planner::exchangeLast(Choice choice) {
  auto cost = [&](size_t i) { return steps[i].price() * static_cast<double>(steps[i].bytes); };
  Choice best = choice;
  for (size_t other = choice.size(); other < steps.size(); ++other) {
    Choice exchanged = choice;
    exchanged.back() = other;
    if (steps[other].window || steps[choice.back()].window || cost(other) >= cost(best.back()))
      continue;
    FailureOr<int64_t> bytes = measure(exchanged);
    if (failed(bytes))
      return failure();
    if (*bytes <= options.memoryBudget)
      best = exchanged;
  }
  return best;
}

void Planner::writeDown(const Choice &choice) {
  llvm::SmallPtrSet<Operation *, 16> given;
  for (size_t i : choice) {
    const MemoryStep &step = steps[i];
    if (!step.value)
      continue;
    given.insert(step.value);
    PlanLine line{step.value, "value", "computed again"};
    line.bytes = step.bytes;
    line.flops = step.flops;
    line.reason = formatv("{0:f1} FLOPs a byte", step.price());
    addToPlan(module, line);
  }
  for (auto [op, size] : kept) {
    if (given.contains(op))
      continue;
    PlanLine line{op, "value", "kept"};
    line.bytes = size;
    auto step =
        llvm::find_if(steps, [&, op = op](const MemoryStep &step) { return step.value == op; });
    if (step == steps.end()) {
      line.reason = "must not be made twice";
    } else {
      line.flops = step->flops;
      line.reason = formatv("{0:f1} FLOPs a byte", step->price());
    }
    addToPlan(module, line);
  }
  if (!options.memoryBudget)
    return;
  PlanLine line{module, "entry", entries.front()};
  line.bytes = measured.at(choice);
  line.reason =
      formatv("{0} bytes allowed; {1} if everything is kept, {2} at least", options.memoryBudget,
              measured.at({}), measured.at(firstSteps(steps.size())));
  addToPlan(module, line);
}

LogicalResult Planner::run() {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  chooseEntries();
  if (entries.empty() || !forward || forward.isExternal()) {
    if (!options.memoryBudget)
      return success();
    return module.emitError()
           << "expected a model and an entry that trains (train_step, gradients) "
              "for a memory budget, found none";
  }
  if (failed(findSteps(forward)) || (options.memoryBudget && failed(addWindows())))
    return failure();
  FailureOr<Choice> choice = options.memoryBudget ? choose() : firstSteps(always);
  if (failed(choice))
    return failure();
  mark(module, *choice);
  options.deferWindow = windowAfter(*choice);
  writeDown(*choice);
  return success();
}

} // namespace

LogicalResult dreamer::planMemory(ModuleOp module, ProgramOptions &options,
                                  ArrayRef<std::string> targets) {
  return Planner(module, options, targets).run();
}

LogicalResult dreamer::checkBudget(ModuleOp module, int64_t budget) {
  WalkResult result = module.walk([&](func::FuncOp function) {
    int64_t bytes = bytesOfEntry(function);
    if (!isTraining(function.getName()) || bytes <= budget)
      return WalkResult::advance();
    function.emitError()
        << "expected the buffers of " << function.getName() << " to fit into " << budget
        << " bytes, found " << bytes << " for "
        << cast<ModuleOp>(function->getParentOp()).getName().value_or("this target")
        << "; hint: allow as many with --memory-budget";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

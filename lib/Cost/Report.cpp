// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Cost/Report.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Cost/Execution.h"
#include "lib/Cost/Parts.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace dreamer {

CostLine &CostLine::operator+=(const CostLine &other) {
  executions += other.executions;
  cost += other.cost;
  return *this;
}

PartCost &PartCost::operator+=(const PartCost &other) {
  parameters += other.parameters;
  activeParameters += other.activeParameters;
  cacheBytes += other.cacheBytes;
  historyBytes += other.historyBytes;
  activationBytes += other.activationBytes;
  forward += other.forward;
  training += other.training;
  return *this;
}

double CostReport::forwardFlopsPerToken() const {
  return tokens() ? double(total.forward.cost.flops) / tokens() : 0;
}

double CostReport::trainingFlopsPerToken() const {
  return tokens() ? double(total.training.cost.flops) / tokens() : 0;
}

namespace {

int64_t bytesOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getNumElements() * tensor.getElementTypeBitWidth() / 8 : 0;
}

/// The name of an argument, empty if it has none.
StringRef argumentName(FunctionOpInterface function, unsigned i) {
  auto name = function.getArgAttrOfType<StringAttr>(i, attribute::name);
  return name ? name.getValue() : "";
}

StringRef argumentRole(FunctionOpInterface function, unsigned i) {
  auto name = function.getArgAttrOfType<StringAttr>(i, attribute::role);
  return name ? name.getValue() : "";
}

/// The shape of the argument called `name`, empty if there is none.
ArrayRef<int64_t> shapeOfArgument(FunctionOpInterface function, StringRef name) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (argumentName(function, i) == name)
      if (auto type = dyn_cast<RankedTensorType>(function.getArgument(i).getType()))
        return type.getShape();
  return {};
}

/// A value as the argument of the function that it is a part of: through slices of loops, stacks
/// of untied layers and narrowings. Several where layers are stacked.
void originsOf(Value value, SmallVectorImpl<BlockArgument> &origins) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto recur = dyn_cast<RecurOp>(argument.getOwner()->getParentOp());
    if (!recur)
      return origins.push_back(argument);
    for (auto [slice, operand] : llvm::zip_equal(recur.getSliceArguments(), recur.getSlices()))
      if (slice == argument)
        originsOf(operand, origins);
    return;
  }
  Operation *op = value.getDefiningOp();
  if (isa<StackOp, CastOp>(op))
    for (Value operand : op->getOperands())
      originsOf(operand, origins);
}

/// The share of each expert weight that one token uses, by function argument.
llvm::DenseMap<Value, double> activeShares(FunctionOpInterface function) {
  llvm::DenseMap<Value, double> shares;
  auto add = [&](Value weight, Value ids) {
    int64_t experts = cast<RankedTensorType>(weight.getType()).getDimSize(0);
    int64_t active = cast<RankedTensorType>(ids.getType()).getShape().back();
    SmallVector<BlockArgument> origins;
    originsOf(weight, origins);
    for (BlockArgument origin : origins)
      shares[origin] = double(active) / experts;
  };
  function->walk([&](ExpertLinearOp op) {
    for (Value weight : op.getWeights())
      add(weight, op.getIds());
  });
  function->walk([&](MixExpertsOp op) { add(op.getW2(), op.getIds()); });
  return shares;
}

/// Fills the report's parts from its forward function.
class Accountant {
public:
  Accountant(CostReport &report, FunctionOpInterface forward) : report(report), forward(forward) {}

  void countForward();
  void countTraining(FunctionOpInterface training);
  void countParameters();

private:
  PartCost &part(Operation *op) { return report.parts[partOf(op).str()]; }
  void countMemory(Operation *op);

  CostReport &report;
  FunctionOpInterface forward;
};

void Accountant::countMemory(Operation *op) {
  if (auto recur = dyn_cast<RecurOp>(op)) {
    for (auto [i, init] : llvm::enumerate(recur.getInits()))
      if (recur.isHistory(i)) {
        Operation *maker = init.getDefiningOp();
        part(maker ? maker : op).historyBytes += bytesOf(init.getType());
      }
    return; // its results are those of its steps
  }
  if (auto mixing = dyn_cast<DecodableOpInterface>(op))
    for (auto &[value, name] : mixing.getCachedOperands())
      part(op).cacheBytes += bytesOf(value.getType());
  if (isa<HistoryOp, AppendOp, StackOp, UnstackOp>(op) || op->hasTrait<OpTrait::IsTerminator>())
    return; // histories, and views of what is counted already
  for (Type type : op->getResultTypes())
    part(op).activationBytes += bytesOf(type);
}

void Accountant::countForward() {
  Execution execution;
  execution.run(forward, [&](Operation *op) { countMemory(op); });
  FunctionCost cost = accountFunction(forward);
  for (auto &[name, line] : cost.byPart)
    report.parts[name].forward += line;
}

void Accountant::countTraining(FunctionOpInterface training) {
  FunctionCost cost = accountFunction(training);
  for (auto &[name, line] : cost.byPart)
    report.parts[name].training += line;
  training->walk([&](RecurOp recur) {
    if (recur.getReverse())
      return;
    for (Value stacked : recur.getStackedResults())
      if (!stacked.use_empty())
        report.keptBytes += bytesOf(stacked.getType());
  });
}

void Accountant::countParameters() {
  llvm::DenseMap<Value, double> shares = activeShares(forward);
  auto isPart = [&](StringRef name) { return report.parts.count(name.str()) > 0; };
  for (unsigned i = 0; i < forward.getNumArguments(); ++i) {
    StringRef role = argumentRole(forward, i);
    if (role != role::parameter && role != role::balance)
      continue;
    Value argument = forward.getArgument(i);
    int64_t size = cast<RankedTensorType>(argument.getType()).getNumElements();
    auto share = shares.find(argument);
    PartCost &owner = report.parts[partOfParameter(argumentName(forward, i), isPart)];
    owner.parameters += size;
    owner.activeParameters += share == shares.end() ? size : std::llround(size * share->second);
  }
}

FunctionOpInterface firstOf(ModuleOp module, ArrayRef<StringRef> names) {
  for (StringRef name : names)
    if (auto function = dyn_cast_or_null<FunctionOpInterface>(module.lookupSymbol(name)))
      return function;
  return nullptr;
}

} // namespace

std::vector<PlanEntry> readPlan(ModuleOp module) {
  std::vector<PlanEntry> plan;
  auto lines = module->getAttrOfType<ArrayAttr>(attribute::plan);
  if (!lines)
    return plan;
  for (auto line : lines.getAsRange<DictionaryAttr>()) {
    auto text = [&](StringRef name) {
      auto value = line.getAs<StringAttr>(name);
      return value ? value.str() : std::string();
    };
    auto number = [&](StringRef name) -> int64_t {
      auto value = line.getAs<IntegerAttr>(name);
      return value ? value.getInt() : 0;
    };
    plan.push_back({text("function"), text("part"), text("operation"), text("subject"),
                    text("decision"), text("reason"), number("bytes"), number("flops"),
                    number("window"), number("rows"), number("sum_bytes"), number("steps")});
  }
  return plan;
}

FunctionCost accountFunction(FunctionOpInterface function) {
  FunctionCost result;
  result.name = function.getName().str();
  ArrayRef<int64_t> tokens = shapeOfArgument(function, "tokens");
  if (tokens.empty())
    tokens = shapeOfArgument(function, "token");
  result.tokens = tokens.empty() ? 0 : 1;
  for (int64_t extent : tokens)
    result.tokens *= extent;

  Execution execution;
  execution.run(function, [&](Operation *op) {
    auto counted = dyn_cast<CostOpInterface>(op);
    if (!counted)
      return;
    bool resolved = true;
    auto index = [&](Value value) {
      std::optional<int64_t> known = execution.index(value);
      resolved &= known.has_value();
      return known.value_or(0);
    };
    CostLine line{1, counted.getCost(index)};
    result.unresolved += !resolved;
    result.total += line;
    result.byPart[partOf(op).str()] += line;
    result.byOp[op->getName().stripDialect().str()] += line;
  });
  return result;
}

FailureOr<CostReport> accountModel(ModuleOp module) {
  FunctionOpInterface forward = firstOf(module, {"forward", "score"});
  if (!forward)
    return module.emitError() << "expected a function 'forward' or 'score' to count, found none";
  ArrayRef<int64_t> tokens = shapeOfArgument(forward, "tokens");
  if (tokens.size() != 2)
    return forward->emitError() << "expected an argument 'tokens' [B, T], found "
                                << (tokens.empty() ? "none" : "one of another rank");
  CostReport report;
  if (auto name = module->getAttrOfType<StringAttr>(attribute::model))
    report.model = name.str();
  report.batch = tokens[0];
  report.context = tokens[1];
  report.forwardName = forward.getName().str();
  for (auto function : module.getOps<FunctionOpInterface>())
    if (!function.isExternal())
      report.functions.push_back(accountFunction(function));

  Accountant accountant(report, forward);
  accountant.countForward();
  accountant.countParameters();
  if (FunctionOpInterface training = firstOf(module, {"train_step", "gradients"})) {
    report.trainingName = training.getName().str();
    accountant.countTraining(training);
  }
  for (auto &[name, part] : report.parts)
    report.total += part;
  report.plan = readPlan(module);
  return report;
}

} // namespace dreamer

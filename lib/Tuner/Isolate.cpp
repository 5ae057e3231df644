// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Tuner/Isolate.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KeptValues.h"
#include "lib/TuningDatabase/Key.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Support/Recur.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace dreamer::tuning {

namespace {

/// Builds the program.
class Isolation {
public:
  explicit Isolation(TunableOpInterface op)
      : source(op), inLoop(op->getParentOfType<RecurOp>()), builder(op->getContext()) {}

  std::optional<Isolated> run();

private:
  enum class Way { Outside, Carried, Slice };
  struct Input {
    Value value;
    Way way;
    bool kept; ///< made of a parameter, and never again
    int64_t idBound;

    /// Of the value as the operation or its loop is given it, and as the caller gives it.
    Type type() const {
      return way == Way::Slice ? stackedType(value.getType(), 1) : value.getType();
    }
    Type argumentType() const {
      auto f32 = Float32Type::get(value.getContext());
      return kept ? cast<RankedTensorType>(type()).clone(f32) : type();
    }
  };

  void collectInputs();
  Operation *cloneOp(ArrayRef<Value> values);
  /// The results that are new versions of sums come first, as the loop gives them.
  SmallVector<Value> resultsOf(Operation *op, bool sums);
  SmallVector<Value> buildLoop(ValueRange arguments);

  TunableOpInterface source;
  RecurOp inLoop;
  OpBuilder builder;
  SmallVector<Input> inputs;
  Operation *cloned = nullptr;
};

void Isolation::collectInputs() {
  llvm::SmallSetVector<Value, 4> sums;
  if (auto accumulating = dyn_cast<AccumulatingOpInterface>(source.getOperation()))
    for (OpOperand &sum : accumulating.getSumOperands())
      sums.insert(sum.get());
  for (OpOperand &operand : source->getOpOperands()) {
    Value value = operand.get();
    if (llvm::any_of(inputs, [&](const Input &input) { return input.value == value; }))
      continue;
    Way way = sums.contains(value)                ? Way::Carried
              : inLoop && !isFromOutside(operand) ? Way::Slice
                                                  : Way::Outside;
    bool ids = getElementTypeOrSelf(value).isInteger(32);
    bool kept = way == Way::Outside && keptFormOf(value);
    inputs.push_back({value, way, kept, ids ? source.getIdBound(operand.getOperandNumber()) : 0});
  }
}

Operation *Isolation::cloneOp(ArrayRef<Value> values) {
  IRMapping mapping;
  for (auto [input, value] : llvm::zip(inputs, values))
    mapping.map(input.value, value);
  cloned = builder.clone(*source, mapping);
  cloned->removeAttr(tunedAttribute);
  return cloned;
}

SmallVector<Value> Isolation::resultsOf(Operation *op, bool sums) {
  SmallVector<OpResult> summed;
  auto accumulating = dyn_cast<AccumulatingOpInterface>(op);
  if (accumulating && !accumulating.getSumOperands().empty())
    summed = accumulating.getSummedResults();
  SmallVector<Value> results;
  for (OpResult result : op->getResults())
    if (llvm::is_contained(summed, result) == sums)
      results.push_back(result);
  return results;
}

SmallVector<Value> Isolation::buildLoop(ValueRange arguments) {
  Location loc = builder.getUnknownLoc();
  Region body;
  Block &block = body.emplaceBlock();
  block.addArgument(builder.getIndexType(), loc);
  SmallVector<Value> inside(arguments), inits, slices;
  for (Way way : {Way::Carried, Way::Slice})
    for (auto [i, input] : llvm::enumerate(inputs))
      if (input.way == way) {
        (way == Way::Carried ? inits : slices).push_back(arguments[i]);
        inside[i] = block.addArgument(input.value.getType(), loc);
      }
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&block);
    Operation *op = cloneOp(inside);
    YieldOp::create(builder, loc, resultsOf(op, true), resultsOf(op, false));
  }
  RecurOp recur = createRecur(builder, loc, /*depth=*/Value(), inits, slices, /*bound=*/1,
                              /*reverse=*/false, std::move(body));
  return SmallVector<Value>(recur.getResults());
}

std::optional<Isolated> Isolation::run() {
  auto isTensor = [](Type type) { return isa<RankedTensorType>(type); };
  if (!llvm::all_of(source->getOperandTypes(), isTensor))
    return std::nullopt;
  collectInputs();
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  (*module)->setAttr(attribute::model, builder.getStringAttr("kernel"));
  (*module)->setAttr(attribute::description, builder.getStringAttr(""));
  builder.setInsertionPointToEnd(module->getBody());
  SmallVector<Type> types;
  for (const Input &input : inputs)
    types.push_back(input.argumentType());
  auto function = func::FuncOp::create(builder, loc, "kernel", builder.getFunctionType(types, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  SmallVector<Value> arguments(function.getArguments());
  for (auto [input, argument] : llvm::zip(inputs, arguments))
    if (argument.getType() != input.type())
      argument = CastOp::create(builder, loc, input.type(), argument);
  SmallVector<Value> results = inLoop ? buildLoop(arguments) : resultsOf(cloneOp(arguments), false);
  if (!inLoop)
    llvm::append_range(results, resultsOf(cloned, true));
  func::ReturnOp::create(builder, loc, results);
  function.setFunctionType(builder.getFunctionType(types, ValueRange(results).getTypes()));
  Isolated isolated;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    function.setArgAttr(i, attribute::name, builder.getStringAttr("in" + Twine(i)));
    function.setArgAttr(i, attribute::role,
                        builder.getStringAttr(input.kept ? role::parameter : role::input));
    isolated.idBounds.push_back(input.idBound);
  }
  for (unsigned i = 0; i < results.size(); ++i)
    function.setResultAttr(i, attribute::name, builder.getStringAttr("out" + Twine(i)));
  isolated.op = cast<TunableOpInterface>(cloned);
  isolated.program = std::move(module);
  return isolated;
}

} // namespace

std::optional<Isolated> isolate(TunableOpInterface op) { return Isolation(op).run(); }

} // namespace dreamer::tuning

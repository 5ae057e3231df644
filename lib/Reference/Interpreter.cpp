// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions and blocks: names in, operations in order, names out.

#include "lib/Reference/Interpreter.h"

#include "dialects/Dreamer/DreamerDialect.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

#include "lib/Reference/ReferenceOpInterface.cpp.inc"

Tensor reference::filled(Type type, double floats, int32_t integers) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return int64_t(integers);
  if (isa<FloatType>(tensor.getElementType()))
    return Floats(tensor.getShape(), floats);
  return Ints(tensor.getShape(), integers);
}

bool reference::hasType(const Tensor &tensor, Type type) {
  auto expected = dyn_cast<RankedTensorType>(type);
  if (!expected)
    return std::holds_alternative<int64_t>(tensor);
  return std::holds_alternative<Floats>(tensor) == isa<FloatType>(expected.getElementType()) &&
         !std::holds_alternative<int64_t>(tensor) && shapeOf(tensor) == expected.getShape();
}

/// The nearest bf16 value, ties to even.
static double toBF16(double value) {
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return rounded.convertToDouble();
}

void Frame::set(Value value, Tensor tensor) {
  if (options.roundBF16 && getElementTypeOrSelf(value).isBF16())
    for (double &element : std::get<Floats>(tensor).data())
      element = toBF16(element);
  values[value] = std::make_unique<Tensor>(std::move(tensor));
}

LogicalResult Frame::run(Block &block) {
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    auto model = dyn_cast<ReferenceOpInterface>(op);
    if (!model)
      return op.emitError("expected an operation that the reference interpreter has a model of, "
                          "found '")
             << op.getName() << "'";
    if (failed(model.interpret(*this)))
      return failure();
  }
  return success();
}

std::string reference::nameOfArgument(func::FuncOp function, unsigned index) {
  if (auto name = function.getArgAttrOfType<StringAttr>(index, attribute::name))
    return name.str();
  return "arg" + std::to_string(index);
}

std::string reference::nameOfResult(func::FuncOp function, unsigned index) {
  for (StringRef key : {attribute::name, attribute::updates})
    if (auto name = function.getResultAttrOfType<StringAttr>(index, key))
      return name.str();
  return "result" + std::to_string(index);
}

void reference::applyUpdates(func::FuncOp entry, const Bundle &results, Bundle &state) {
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (auto updated = entry.getResultAttrOfType<StringAttr>(i, attribute::updates))
      if (auto found = results.find(nameOfResult(entry, i)); found != results.end())
        state[updated.str()] = found->second;
}

/// "f64[2,3]" for the values that stand for `type`.
static std::string describe(Type type) { return describe(filled(type, 0, 0)); }

/// The value of argument `index`: the input of its name, else its default.
static FailureOr<Tensor> takeArgument(func::FuncOp function, unsigned index, const Bundle &inputs) {
  std::string name = nameOfArgument(function, index);
  Type type = function.getArgumentTypes()[index];
  auto found = inputs.find(name);
  if (found == inputs.end()) {
    if (auto fill = function.getArgAttrOfType<IntegerAttr>(index, attribute::defaultValue))
      return filled(type, fill.getInt(), fill.getInt());
    return function.emitError() << "'" << function.getName() << "': expected input '" << name
                                << "' " << describe(type) << ", found none of that name";
  }
  if (!hasType(found->second, type))
    return function.emitError() << "'" << function.getName() << "': expected input '" << name
                                << "' " << describe(type) << ", found "
                                << reference::describe(found->second);
  return found->second;
}

/// "'a', 'b'" for the functions of a module.
static std::string functionNames(ModuleOp module) {
  std::string names;
  for (auto function : module.getOps<func::FuncOp>())
    names += (names.empty() ? "'" : ", '") + function.getName().str() + "'";
  return names.empty() ? "none" : names;
}

FailureOr<Bundle> Interpreter::run(StringRef entry, const Bundle &inputs) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function)
    return module.emitError() << "expected a function '" << entry << "', found "
                              << functionNames(module);
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    FailureOr<Tensor> argument = takeArgument(function, i, inputs);
    if (failed(argument))
      return failure();
    arguments.push_back(std::move(*argument));
  }
  FailureOr<SmallVector<Tensor>> results = call(function, std::move(arguments));
  if (failed(results))
    return failure();
  Bundle named;
  for (auto [i, result] : llvm::enumerate(*results))
    named[nameOfResult(function, i)] = std::move(result);
  return named;
}

FailureOr<SmallVector<Tensor>> Interpreter::call(func::FuncOp function,
                                                 SmallVector<Tensor> arguments) {
  if (!function.getBody().hasOneBlock())
    return function.emitError() << "expected a function with a body of one block, found "
                                << function.getBody().getBlocks().size() << " blocks";
  Block &body = function.getBody().front();
  Frame frame(options, flops);
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), arguments))
    frame.set(argument, std::move(value));
  if (failed(frame.run(body)))
    return failure();
  SmallVector<Tensor> results;
  for (Value result : body.getTerminator()->getOperands())
    results.push_back(frame.get(result));
  return results;
}

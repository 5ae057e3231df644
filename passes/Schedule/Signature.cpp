// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/Signature.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KeptValues.h"
#include "mlir/IR/Builders.h"
#include "passes/Schedule/KeptLayout.h"

using namespace mlir;
using namespace dreamer;

void dreamer::setBufferBytes(func::FuncOp entry, unsigned buffer, int64_t bytes) {
  Builder builder(entry.getContext());
  entry.getArgument(buffer).setType(MemRefType::get({bytes}, builder.getI8Type()));
  entry.setFunctionType(builder.getFunctionType(entry.getBody().getArgumentTypes(), {}));
}

/// What a result is called; the new value of an argument is called as that is.
static StringAttr resultName(func::FuncOp function, unsigned result) {
  if (auto name = function.getResultAttrOfType<StringAttr>(result, attribute::name))
    return name;
  return function.getResultAttrOfType<StringAttr>(result, attribute::updates);
}

unsigned Signature::bufferOf(StringRef kind, StringRef name, int64_t bytes) {
  for (auto [i, buffer] : llvm::enumerate(buffers))
    if (buffer.kind == kind && buffer.name == name)
      return i;
  buffers.push_back({kind.str(), name.str(), bytes});
  return buffers.size() - 1;
}

FailureOr<Signature> Signature::plan(func::FuncOp function, const ParameterLayout &layout) {
  Signature signature;
  signature.bufferOf("arena", "", 0);
  if (failed(signature.placeArguments(function, layout)) ||
      failed(signature.placeResults(function, layout)))
    return failure();
  if (keepsValues(function))
    signature.kept = signature.bufferOf("kept", "", KeptLayout::headerBytes);
  return signature;
}

static InFlightDiagnostic misses(func::FuncOp function, StringRef what, StringRef name) {
  return function.emitError() << "expected " << what << " of a parameter of this module, found '"
                              << name << "'";
}

LogicalResult Signature::placeArguments(func::FuncOp function, const ParameterLayout &layout) {
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    if (!isa<RankedTensorType>(type))
      return function.emitError() << "expected tensors as arguments, found " << type;
    auto name = function.getArgAttrOfType<StringAttr>(i, attribute::name);
    if (!name)
      return function.emitError() << "expected 'dreamer.name' on argument " << i;
    auto roleAttr = function.getArgAttrOfType<StringAttr>(i, attribute::role);
    StringRef role = roleAttr ? roleAttr.getValue() : StringRef(role::input);
    if (role == role::parameter || role == role::balance) {
      arguments.push_back(
          {bufferOf("parameters", "", layout.getBytes()), layout.find(name)->offset});
    } else if (role == role::moment1 || role == role::moment2) {
      StringRef parameter = name;
      const ParameterLayout::Parameter *known =
          parameter.consume_front(role) && parameter.consume_front(".") ? layout.find(parameter)
                                                                        : nullptr;
      if (!known || known->type != type)
        return misses(function, "'" + role.str() + ".<name>'", name);
      arguments.push_back({bufferOf(role, "", layout.getBytes()), known->offset});
    } else {
      unsigned before = buffers.size();
      arguments.push_back({bufferOf("tensor", name, bytesOf(type)), 0});
      if (buffers.size() == before)
        return function.emitError()
               << "found two arguments of the name '" << name.getValue() << "'";
    }
  }
  return success();
}

LogicalResult Signature::placeResults(func::FuncOp function, const ParameterLayout &layout) {
  llvm::StringMap<unsigned> argumentOf;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    argumentOf[function.getArgAttrOfType<StringAttr>(i, attribute::name)] = i;
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    if (!isa<RankedTensorType>(type))
      return function.emitError() << "expected tensors as results, found " << type;
    StringAttr name = resultName(function, i);
    if (!name)
      return function.emitError() << "expected 'dreamer.name' on result " << i;
    auto updated = function.getResultAttrOfType<StringAttr>(i, attribute::updates);
    StringRef parameter = name;
    if (updated) {
      auto argument = argumentOf.find(updated);
      if (argument == argumentOf.end() || function.getArgumentTypes()[argument->second] != type)
        return function.emitError()
               << "expected result " << i << " ('" << name.getValue()
               << "') to update an argument of its type, found '" << updated.getValue() << "'";
      if (llvm::is_contained(updates, int(argument->second)))
        return function.emitError()
               << "found two results that update '" << updated.getValue() << "'";
      updates.push_back(argument->second);
      results.push_back(arguments[argument->second]);
      continue;
    }
    updates.push_back(-1);
    if (parameter.consume_front("grad.")) {
      const ParameterLayout::Parameter *known = layout.find(parameter);
      if (!known || known->type != type)
        return misses(function, "'grad.<name>'", name);
      results.push_back({bufferOf("gradients", "", layout.getBytes()), known->offset});
    } else {
      // A result may be called like an argument (the given and the used expert ids): two buffers.
      std::string unique = argumentOf.contains(name) ? name.str() + ":result" : name.str();
      unsigned before = buffers.size();
      results.push_back({bufferOf("tensor", unique, bytesOf(type)), 0});
      if (buffers.size() == before)
        return function.emitError() << "found two results of the name '" << name.getValue() << "'";
    }
  }
  return success();
}

/// {name, type, buffer, offset}, the common part of inputs and outputs.
static NamedAttrList describe(Builder &builder, StringAttr name, Type type, ExternalPlace place) {
  NamedAttrList value;
  value.set("name", name);
  value.set("type", TypeAttr::get(type));
  value.set("buffer", builder.getI64IntegerAttr(place.buffer));
  value.set("offset", builder.getI64IntegerAttr(place.offset));
  return value;
}

DictionaryAttr Signature::toAttribute(func::FuncOp function) const {
  Builder builder(function.getContext());
  SmallVector<Attribute> inputs, outputs;
  for (auto [i, place] : llvm::enumerate(arguments)) {
    NamedAttrList input =
        describe(builder, function.getArgAttrOfType<StringAttr>(i, attribute::name),
                 function.getArgumentTypes()[i], place);
    if (auto role = function.getArgAttrOfType<StringAttr>(i, attribute::role))
      input.set("role", role);
    if (auto value = function.getArgAttrOfType<IntegerAttr>(i, attribute::defaultValue))
      input.set("default", builder.getI64IntegerAttr(value.getInt()));
    for (OpOperand &use : function.getArgument(i).getUses())
      if (auto recur = dyn_cast<RecurOp>(use.getOwner()); recur && recur.getDepth() == use.get())
        input.set("bound", builder.getI64IntegerAttr(recur.getBound()));
    inputs.push_back(input.getDictionary(function.getContext()));
  }
  for (auto [i, place] : llvm::enumerate(results)) {
    NamedAttrList output =
        describe(builder, resultName(function, i), function.getResultTypes()[i], place);
    if (auto updated = function.getResultAttrOfType<StringAttr>(i, attribute::updates))
      output.set("updates", updated);
    outputs.push_back(output.getDictionary(function.getContext()));
  }
  NamedAttrList entry;
  entry.set("inputs", builder.getArrayAttr(inputs));
  entry.set("outputs", builder.getArrayAttr(outputs));
  return entry.getDictionary(function.getContext());
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a module of the model phase, and checks what the entry points rely on.

#include "passes/BuildEntryPoints/Model.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace dreamer;

StringRef Model::argumentName(unsigned i) {
  auto name = forward.getArgAttrOfType<StringAttr>(i, attribute::name);
  return name ? name.getValue() : StringRef();
}

StringRef Model::resultName(unsigned i) {
  auto name = forward.getResultAttrOfType<StringAttr>(i, attribute::name);
  return name ? name.getValue() : StringRef();
}

bool Model::isTrained(unsigned argument) {
  auto role = forward.getArgAttrOfType<StringAttr>(argument, attribute::role);
  return role && role == role::parameter;
}

ArrayRef<int64_t> Model::tokensShape() {
  return cast<RankedTensorType>(forward.getArgumentTypes()[tokens]).getShape();
}

FailureOr<double> Model::trainingNumber(StringRef key) {
  if (training)
    if (auto number = training.getAs<FloatAttr>(key))
      return number.getValueAsDouble();
  return module.emitError() << "expected a number '" << key << "' in the module attribute '"
                            << attribute::training << "', found none";
}

/// Tokens are integers [B, T], parameters floats, balance biases floats [N].
LogicalResult Model::readArgument(unsigned i) {
  auto role = forward.getArgAttrOfType<StringAttr>(i, attribute::role);
  auto type = dyn_cast<RankedTensorType>(forward.getArgumentTypes()[i]);
  StringRef name = argumentName(i);
  if (!role || name.empty() || !type)
    return forward.emitError() << "expected argument " << i
                               << " to be a tensor with 'dreamer.name' and 'dreamer.role', found "
                               << forward.getArgumentTypes()[i] << " with "
                               << (name.empty() ? "no name" : "no role");
  bool floats = type.getElementType().isF32();
  if (role == role::parameter && floats) {
    parameters.push_back(i);
  } else if (role == role::balance && floats && type.getRank() == 1) {
    parameters.push_back(i);
  } else if (role == role::option) {
    options.push_back(i);
  } else if (role == role::input && name == "tokens" && type.getElementType().isInteger(32) &&
             type.getRank() == 2) {
    tokens = i;
  } else {
    return forward.emitError() << "expected f32 parameters, f32 balance biases [N], options and an "
                                  "input 'tokens' i32 [B, T], found the "
                               << role.getValue() << " '" << name << "' of type " << type;
  }
  return success();
}

LogicalResult Model::readArguments() {
  llvm::StringSet<> names;
  for (unsigned i = 0; i < forward.getNumArguments(); ++i) {
    if (failed(readArgument(i)))
      return failure();
    if (!names.insert(argumentName(i)).second)
      return forward.emitError() << "expected a name of its own for each argument, found '"
                                 << argumentName(i) << "' twice";
  }
  if (!names.contains("tokens"))
    return forward.emitError("expected an argument 'tokens', found none");
  return success();
}

/// Logits are f32 [B, T, V], the other results ids i32 [S, B, T, k].
LogicalResult Model::readResults() {
  bool hasLogits = false;
  ArrayRef<int64_t> positions = tokensShape();
  for (unsigned i = 0; i < forward.getNumResults(); ++i) {
    auto type = dyn_cast<RankedTensorType>(forward.getResultTypes()[i]);
    bool isLogits = resultName(i) == "logits";
    if (isLogits && type && type.getRank() == 3 && type.getElementType().isF32() &&
        type.getShape().take_front(2) == positions) {
      logits = i;
      hasLogits = true;
    } else if (!isLogits && !resultName(i).empty() && type && type.getRank() == 4 &&
               type.getElementType().isInteger(32) && type.getShape().slice(1, 2) == positions) {
      ids.push_back(i);
    } else {
      return forward.emitError() << "expected results 'logits' f32 [" << positions << ", V] and "
                                 << "named expert ids i32 [S, " << positions << ", k], found '"
                                 << resultName(i) << "' of type " << forward.getResultTypes()[i];
    }
  }
  if (!hasLogits)
    return forward.emitError("expected a result 'logits', found none");
  return success();
}

FailureOr<Model> Model::read(ModuleOp module) {
  Model model;
  model.module = module;
  model.forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!model.forward || !llvm::hasSingleElement(model.forward.getBody()))
    return module.emitError("expected a function @forward of one block (a module of the model "
                            "phase), found none");
  model.training = module->getAttrOfType<DictionaryAttr>(attribute::training);
  if (failed(model.readArguments()) || failed(model.readResults()))
    return failure();
  return model;
}

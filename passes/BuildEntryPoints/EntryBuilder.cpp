// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading a model-phase module, and building functions with named arguments and results.

#include "passes/BuildEntryPoints/EntryBuilder.h"

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

FailureOr<Model> Model::read(ModuleOp module) {
  Model model;
  model.module = module;
  model.forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!model.forward || !llvm::hasSingleElement(model.forward.getBody()))
    return module.emitError("expected a function @forward of one block (a module of the model "
                            "phase), found none");
  model.training = module->getAttrOfType<DictionaryAttr>(attribute::training);

  bool hasTokens = false, hasLogits = false;
  for (unsigned i = 0; i < model.forward.getNumArguments(); ++i) {
    auto role = model.forward.getArgAttrOfType<StringAttr>(i, attribute::role);
    StringRef name = model.argumentName(i);
    auto type = dyn_cast<RankedTensorType>(model.forward.getArgumentTypes()[i]);
    if (!role || name.empty() || !type)
      return model.forward.emitError()
             << "expected argument " << i << " to be a tensor with 'dreamer.name' and "
             << "'dreamer.role', found " << model.forward.getArgumentTypes()[i] << " with "
             << (name.empty() ? "no name" : "no role");
    if (role == role::parameter || role == role::balance) {
      model.parameters.push_back(i);
    } else if (role == role::option) {
      model.options.push_back(i);
    } else if (role == role::input && name == "tokens" && type.getRank() == 2) {
      model.tokens = i;
      hasTokens = true;
    } else {
      return model.forward.emitError()
             << "expected parameters, balance biases, options and an input 'tokens' [B, T], found "
             << "the " << role.getValue() << " '" << name << "' of type " << type;
    }
  }
  for (unsigned i = 0; i < model.forward.getNumResults(); ++i) {
    if (model.resultName(i) == "logits") {
      model.logits = i;
      hasLogits = true;
    } else {
      model.ids.push_back(i);
    }
  }
  if (!hasTokens || !hasLogits)
    return model.forward.emitError() << "expected an argument 'tokens' and a result 'logits', "
                                     << "found no " << (hasTokens ? "'logits'" : "'tokens'");
  return model;
}

EntryBuilder::EntryBuilder(Model &model, StringRef name)
    : builder(model.forward.getContext()), model(model) {
  builder.setInsertionPoint(model.forward);
  func =
      func::FuncOp::create(builder, model.forward.getLoc(), name, builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(func.addEntryBlock());
  terminator = func::ReturnOp::create(builder, func.getLoc());
  builder.setInsertionPoint(terminator);
}

Value EntryBuilder::addArgument(StringRef name, Type type, StringRef role) {
  NamedAttribute attributes[] = {
      builder.getNamedAttr(attribute::name, builder.getStringAttr(name)),
      builder.getNamedAttr(attribute::role, builder.getStringAttr(role))};
  Location loc = NameLoc::get(builder.getStringAttr(name));
  (void)func.insertArgument(func.getNumArguments(), type, builder.getDictionaryAttr(attributes),
                            loc); // cannot fail: the function has a body
  return func.getArguments().back();
}

Value EntryBuilder::copyArgument(unsigned i, Type type) {
  BlockArgument forward = model.forward.getArgument(i);
  (void)func.insertArgument(func.getNumArguments(), type ? type : forward.getType(),
                            model.forward.getArgAttrDict(i), forward.getLoc());
  mapping.map(forward, func.getArguments().back());
  return func.getArguments().back();
}

void EntryBuilder::copyArguments(ArrayRef<unsigned> arguments) {
  for (unsigned i : arguments)
    copyArgument(i);
}

void EntryBuilder::copyBody() {
  for (Operation &op : model.body().without_terminator())
    builder.clone(op, mapping);
}

void EntryBuilder::insertResult(StringRef attribute, StringRef text, Value value) {
  auto attr = builder.getNamedAttr(attribute, builder.getStringAttr(text));
  (void)func.insertResult(func.getNumResults(), value.getType(), builder.getDictionaryAttr(attr));
  terminator->insertOperands(terminator->getNumOperands(), value);
}

void EntryBuilder::addResult(StringRef name, Value value) {
  insertResult(attribute::name, name, value);
}

void EntryBuilder::addUpdate(StringRef argument, Value value) {
  insertResult(attribute::updates, argument, value);
}

void EntryBuilder::copyResults(ArrayRef<unsigned> results) {
  for (unsigned i : results)
    addResult(model.resultName(i), mapping.lookup(model.result(i)));
}

void EntryBuilder::moveResultsToEnd(unsigned first, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    addResult(cast<StringAttr>(func.getResultAttr(first, attribute::name)), result(first));
    terminator->eraseOperand(first);
    (void)func.eraseResult(first);
  }
}

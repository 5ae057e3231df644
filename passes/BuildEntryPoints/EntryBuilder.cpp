// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Building functions with named arguments and results.

#include "passes/BuildEntryPoints/EntryBuilder.h"

using namespace mlir;
using namespace dreamer;

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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/Builders.h"
#include "passes/Schedule/ArenaPlan.h"
#include "passes/Schedule/Signature.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dreamer;

int64_t dreamer::bytesOf(Type type) {
  auto tensor = dyn_cast<ShapedType>(type);
  if (!tensor)
    return type.getIntOrFloatBitWidth() / 8;
  return tensor.getNumElements() * (tensor.getElementTypeBitWidth() / 8);
}

/// The stacks of parameters, as lists of names.
static SmallVector<SmallVector<StringRef>> findStacks(func::FuncOp function) {
  SmallVector<SmallVector<StringRef>> stacks;
  function.walk([&](StackOp stack) {
    SmallVector<StringRef> names;
    for (Value part : stack.getParts()) {
      auto argument = dyn_cast<BlockArgument>(part);
      if (!argument || argument.getOwner() != &function.getBody().front())
        return;
      auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attribute::role);
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attribute::name);
      if (!role || !name || (role != role::parameter && role != role::balance))
        return;
      names.push_back(name);
    }
    stacks.push_back(names);
  });
  return stacks;
}

FailureOr<ParameterLayout> ParameterLayout::plan(ModuleOp module) {
  ParameterLayout layout;
  SmallVector<SmallVector<unsigned>> stacks;
  for (auto function : module.getOps<func::FuncOp>()) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto role = function.getArgAttrOfType<StringAttr>(i, attribute::role);
      auto name = function.getArgAttrOfType<StringAttr>(i, attribute::name);
      if (!role || (role != role::parameter && role != role::balance))
        continue;
      if (!name)
        return function.emitError()
               << "expected 'dreamer.name' on argument " << i << ", a parameter";
      auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
      auto [known, isNew] = layout.byName.try_emplace(name, layout.parameters.size());
      if (!isNew && layout.parameters[known->second].type != type)
        return function.emitError() << "expected parameter '" << name.getValue() << "' of type "
                                    << layout.parameters[known->second].type
                                    << " as in the functions before, found " << type;
      if (isNew)
        layout.parameters.push_back({name.str(), type, role.str(),
                                     function.getArgAttrOfType<DictionaryAttr>(i, attribute::init),
                                     0});
    }
    for (ArrayRef<StringRef> names : findStacks(function))
      stacks.push_back(
          llvm::map_to_vector(names, [&](StringRef name) { return layout.byName.lookup(name); }));
  }
  layout.placeInOrder(stacks);
  return layout;
}

void ParameterLayout::placeInOrder(ArrayRef<SmallVector<unsigned>> stacks) {
  SmallVector<int> stackOf(parameters.size(), -1);
  for (auto [i, stack] : llvm::enumerate(stacks)) {
    // A parameter in two different stacks stays with the first; the second is then copied.
    if (llvm::all_of(stack, [&](unsigned parameter) { return stackOf[parameter] < 0; }))
      for (unsigned parameter : stack)
        stackOf[parameter] = i;
  }
  SmallVector<Parameter> ordered;
  llvm::BitVector placed(parameters.size());
  auto place = [&](unsigned parameter) {
    if (placed.test(parameter))
      return;
    placed.set(parameter);
    Parameter &next = ordered.emplace_back(parameters[parameter]);
    next.offset = llvm::alignTo(bytes, ArenaPlan::alignment);
    bytes = next.offset + bytesOf(next.type);
  };
  for (unsigned parameter = 0; parameter < parameters.size(); ++parameter) {
    if (stackOf[parameter] >= 0)
      for (unsigned neighbour : stacks[stackOf[parameter]])
        place(neighbour);
    place(parameter);
  }
  bytes = llvm::alignTo(bytes, ArenaPlan::alignment);
  parameters = std::move(ordered);
  for (auto [i, parameter] : llvm::enumerate(parameters))
    byName[parameter.name] = i;
}

const ParameterLayout::Parameter *ParameterLayout::find(StringRef name) const {
  auto known = byName.find(name);
  return known == byName.end() ? nullptr : &parameters[known->second];
}

ArrayAttr ParameterLayout::toAttribute(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<Attribute> entries;
  for (const Parameter &parameter : parameters) {
    NamedAttrList entry;
    entry.set("name", builder.getStringAttr(parameter.name));
    entry.set("type", TypeAttr::get(parameter.type));
    entry.set("role", builder.getStringAttr(parameter.role));
    entry.set("offset", builder.getI64IntegerAttr(parameter.offset));
    if (parameter.init)
      entry.set("init", parameter.init);
    entries.push_back(entry.getDictionary(context));
  }
  return builder.getArrayAttr(entries);
}

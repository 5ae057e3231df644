// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KeptValues.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace dreamer;

/// The name of a parameter, none for other arguments.
static StringAttr parameterName(func::FuncOp entry, unsigned argument) {
  auto given = entry.getArgAttrOfType<StringAttr>(argument, attribute::role);
  if (!given || (given != role::parameter && given != role::balance))
    return {};
  return entry.getArgAttrOfType<StringAttr>(argument, attribute::name);
}

bool dreamer::keepsValues(func::FuncOp entry) {
  llvm::StringSet<llvm::MallocAllocator> parameters;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (StringAttr name = parameterName(entry, i))
      parameters.insert(name);
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    auto updated = entry.getResultAttrOfType<StringAttr>(i, attribute::updates);
    auto name = entry.getResultAttrOfType<StringAttr>(i, attribute::name);
    if ((updated && parameters.contains(updated)) || (name && name.strref().starts_with("grad.")))
      return false;
  }
  return !parameters.empty();
}

static std::optional<std::string> formOf(Value value, func::FuncOp entry) {
  if (value.getParentBlock() != &entry.getBody().front())
    return std::nullopt;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    StringAttr name = parameterName(entry, argument.getArgNumber());
    return name ? std::optional(name.str()) : std::nullopt;
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (op->getNumOperands() == 0 || op->getNumRegions() || !isPure(op))
    return std::nullopt;
  std::string form;
  llvm::raw_string_ostream out(form);
  out << op->getName() << '#' << result.getResultNumber() << op->getAttrDictionary() << '(';
  for (Value operand : op->getOperands()) {
    std::optional<std::string> inner = formOf(operand, entry);
    if (!inner)
      return std::nullopt;
    out << *inner << ',';
  }
  out << "): " << value.getType();
  return form;
}

std::optional<std::string> dreamer::keptFormOf(Value value) {
  auto entry = dyn_cast<func::FuncOp>(value.getParentBlock()->getParentOp());
  return entry && keepsValues(entry) ? formOf(value, entry) : std::nullopt;
}

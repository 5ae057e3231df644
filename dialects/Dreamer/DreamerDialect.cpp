// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect and the checks of the attributes that it gives to functions.

#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace dreamer;

#include "dialects/Dreamer/DreamerDialect.cpp.inc"
#include "dialects/Dreamer/DreamerInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Dreamer/DreamerOps.cpp.inc"

void DreamerDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Dreamer/DreamerOps.cpp.inc"
      >();
}

namespace {

bool isRole(StringRef text) {
  return llvm::StringSwitch<bool>(text)
      .Cases({role::parameter, role::balance, role::moment1, role::moment2}, true)
      .Cases({role::cache, role::input, role::option}, true)
      .Default(false);
}

LogicalResult verifyString(Operation *op, NamedAttribute attr) {
  if (isa<StringAttr>(attr.getValue()))
    return success();
  return op->emitError() << "expected a string for '" << attr.getName() << "', found "
                         << attr.getValue();
}

LogicalResult verifyInit(Operation *op, NamedAttribute attr) {
  auto init = dyn_cast<DictionaryAttr>(attr.getValue());
  if (init && init.size() == 1 && (init.getAs<FloatAttr>("std") || init.getAs<FloatAttr>("fill")))
    return success();
  return op->emitError() << "expected {std = <f64>} or {fill = <f64>} for '" << attr.getName()
                         << "', found " << attr.getValue();
}

} // namespace

LogicalResult DreamerDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == attribute::recompute || name == attribute::window) {
    if (isa<UnitAttr>(attr.getValue()))
      return success();
    return op->emitError() << "expected nothing but the name of '" << name << "', found "
                           << attr.getValue();
  }
  if (name == attribute::narrow) {
    if (isa<NarrowResultsOpInterface>(op))
      return success();
    return op->emitError() << "expected '" << name
                           << "' on an operation that can write bf16, found it on '"
                           << op->getName() << "'";
  }
  if (name != attribute::model && name != attribute::description && name != attribute::training &&
      name != attribute::plan)
    return success();
  if (!isa<ModuleOp>(op))
    return op->emitError() << "expected '" << name << "' on a module, found it on '"
                           << op->getName() << "'";
  if (name == attribute::plan) {
    auto lines = dyn_cast<ArrayAttr>(attr.getValue());
    if (lines && llvm::all_of(lines, llvm::IsaPred<DictionaryAttr>))
      return success();
    return op->emitError() << "expected an array of dictionaries for '" << name << "', found "
                           << attr.getValue();
  }
  if (name != attribute::training)
    return verifyString(op, attr);
  if (isa<DictionaryAttr>(attr.getValue()))
    return success();
  return op->emitError() << "expected a dictionary for '" << name << "', found " << attr.getValue();
}

LogicalResult DreamerDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned,
                                                       NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == attribute::name)
    return verifyString(op, attr);
  if (name == attribute::init)
    return verifyInit(op, attr);
  if (name == attribute::defaultValue) {
    if (isa<IntegerAttr>(attr.getValue()))
      return success();
    return op->emitError() << "expected an integer for '" << name << "', found " << attr.getValue();
  }
  if (name == attribute::role) {
    auto text = dyn_cast<StringAttr>(attr.getValue());
    if (text && isRole(text))
      return success();
    return op->emitError() << "expected a role (parameter, balance, moment1, moment2, cache, "
                              "input, option) for '"
                           << name << "', found " << attr.getValue();
  }
  return op->emitError() << "found the unknown argument attribute '" << name << "'";
}

LogicalResult DreamerDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                                          NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == attribute::name || name == attribute::updates)
    return verifyString(op, attr);
  return op->emitError() << "found the unknown result attribute '" << name << "'";
}

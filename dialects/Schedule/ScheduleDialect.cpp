// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace dreamer::schedule;

#include "dialects/Schedule/ScheduleDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Schedule/ScheduleOps.cpp.inc"

void ScheduleDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Schedule/ScheduleOps.cpp.inc"
      >();
}

template <typename Attr>
static LogicalResult expectKind(Operation *op, NamedAttribute attr, StringRef what) {
  if (isa<Attr>(attr.getValue()))
    return success();
  return op->emitError() << "expected " << what << " for '" << attr.getName() << "', found "
                         << attr.getValue();
}

LogicalResult ScheduleDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == attribute::parameters || name == attribute::errors)
    return expectKind<ArrayAttr>(op, attr, "an array");
  if (name == attribute::parameterBytes)
    return expectKind<IntegerAttr>(op, attr, "an integer");
  if (name == attribute::kernel || name == attribute::cost || name == attribute::manifest)
    return expectKind<StringAttr>(op, attr, "a string");
  if (name == attribute::target || name == attribute::entry || name == attribute::plan)
    return expectKind<DictionaryAttr>(op, attr, "a dictionary");
  return op->emitError() << "found the unknown attribute '" << name << "'";
}

LogicalResult ScheduleDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned,
                                                        NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == attribute::buffer || name == attribute::name)
    return expectKind<StringAttr>(op, attr, "a string");
  return op->emitError() << "found the unknown argument attribute '" << name << "'";
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getKernelAttr());
  if (!kernel || !kernel->hasAttr(attribute::kernel))
    return emitOpError("expected the name of a kernel, found ") << getKernelAttr();
  SmallVector<Type> expected(kernel.getArgumentTypes());
  if (expected.empty() || !expected.back().isIndex() || kernel.getNumResults() != 0)
    return emitOpError("expected a kernel (buffers and indices, then the index of the task) -> (), "
                       "found ")
           << kernel.getFunctionType();
  expected.pop_back();
  if (getArguments().getTypes() != TypeRange(expected))
    return emitOpError("expected arguments of types ")
           << expected << ", found " << getArguments().getTypes();
  return success();
}

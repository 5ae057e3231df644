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
  return op->emitError() << "expected " << what << " for '" << attr.getName().getValue()
                         << "', found " << attr.getValue();
}

/// Whether `value` is {name, type, ...} with an integer for each of `numbers`.
static bool describesTensor(Attribute value, ArrayRef<StringRef> numbers) {
  auto dictionary = dyn_cast<DictionaryAttr>(value);
  auto type = dictionary ? dictionary.getAs<TypeAttr>("type") : nullptr;
  return type && isa<RankedTensorType>(type.getValue()) && dictionary.getAs<StringAttr>("name") &&
         llvm::all_of(numbers, [&](StringRef number) {
           auto found = dictionary.getAs<IntegerAttr>(number);
           return found && found.getInt() >= 0;
         });
}

/// Whether an input or output lies in one of the entry's buffers.
static bool liesInBuffer(func::FuncOp entry, Attribute attribute) {
  if (!describesTensor(attribute, {"buffer", "offset"}))
    return false;
  auto value = cast<DictionaryAttr>(attribute);
  auto type = cast<RankedTensorType>(cast<TypeAttr>(value.get("type")).getValue());
  int64_t buffer = value.getAs<IntegerAttr>("buffer").getInt();
  if (buffer >= entry.getNumArguments() || !type.hasStaticShape())
    return false;
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  return value.getAs<IntegerAttr>("offset").getInt() + bytes <=
         cast<MemRefType>(entry.getArgumentTypes()[buffer]).getNumElements();
}

/// What an entry of the kernels phase says of itself must be complete, since a package is made of it.
static LogicalResult verifyEntry(func::FuncOp entry, DictionaryAttr signature) {
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes())) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!buffer || buffer.getRank() != 1 || !buffer.hasStaticShape() ||
        !buffer.getElementType().isInteger(8) ||
        !entry.getArgAttrOfType<StringAttr>(i, attribute::buffer))
      return entry.emitError() << "expected '" << attribute::buffer << "' on argument " << i
                               << ", a memref<N x i8>";
  }
  auto inputs = signature.getAs<ArrayAttr>("inputs"),
       outputs = signature.getAs<ArrayAttr>("outputs");
  if (!inputs || !outputs)
    return entry.emitError() << "'" << attribute::entry << "': expected inputs and outputs, found "
                             << signature;
  for (ArrayAttr list : {inputs, outputs})
    for (Attribute value : list)
      if (!liesInBuffer(entry, value))
        return entry.emitError() << "'" << attribute::entry
                                 << "': expected {name, type, buffer, offset} inside a buffer of "
                                    "the entry, found "
                                 << value;
  return success();
}

static LogicalResult verifyParameters(Operation *op, ArrayAttr parameters) {
  for (Attribute parameter : parameters)
    if (!describesTensor(parameter, {"offset"}))
      return op->emitError() << "'" << attribute::parameters
                             << "': expected {name, type, role, offset}, found " << parameter;
  return success();
}

LogicalResult ScheduleDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  StringRef name = attr.getName();
  if (name == attribute::parameters || name == attribute::errors) {
    if (failed(expectKind<ArrayAttr>(op, attr, "an array")))
      return failure();
    return name == attribute::errors ? success()
                                     : verifyParameters(op, cast<ArrayAttr>(attr.getValue()));
  }
  if (name == attribute::parameterBytes)
    return expectKind<IntegerAttr>(op, attr, "an integer");
  if (name == attribute::kernel || name == attribute::shared || name == attribute::cost ||
      name == attribute::manifest)
    return expectKind<StringAttr>(op, attr, "a string");
  if (name == attribute::target || name == attribute::entry || name == attribute::plan) {
    if (failed(expectKind<DictionaryAttr>(op, attr, "a dictionary")))
      return failure();
    auto function = dyn_cast<func::FuncOp>(op);
    // An entry that returns a status is on its way to machine code.
    if (name != attribute::entry || !function || function.getNumResults())
      return success();
    return verifyEntry(function, cast<DictionaryAttr>(attr.getValue()));
  }
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

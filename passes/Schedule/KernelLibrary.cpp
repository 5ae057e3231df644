// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Schedule/ScheduleDialect.h"
#include "passes/Schedule/Emitter.h"

using namespace mlir;
using namespace dreamer;

int32_t ErrorTable::codeOf(StringRef message) {
  int32_t index = llvm::find(messages, message) - messages.begin();
  if (index == int32_t(messages.size()))
    messages.push_back(message.str());
  return index + 1;
}

/// Everything that a body may depend on, as text.
static std::string keyOf(Operation *op, unsigned place, StringRef name, TypeRange arguments) {
  std::string key;
  llvm::raw_string_ostream out(key);
  out << op->getName() << ' ' << place << ' ' << name << ' ' << op->getAttrDictionary() << ' ';
  llvm::interleaveComma(op->getOperandTypes(), out);
  out << " -> ";
  llvm::interleaveComma(op->getResultTypes(), out);
  out << " : ";
  llvm::interleaveComma(arguments, out);
  if (op->getNumRegions())
    op->print(out, OpPrintingFlags().useLocalScope());
  return key;
}

static bool areEqual(func::FuncOp a, func::FuncOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                    OperationEquivalence::IgnoreLocations);
}

func::FuncOp KernelLibrary::get(Operation *op, unsigned place, StringRef name, TypeRange arguments,
                                ScheduleBuilder::KernelBody body) {
  StringRef operation = op->getName().stripDialect();
  std::string full = name.starts_with(operation) ? name.str() : (operation + "_" + name).str();
  return get(op, keyOf(op, place, name, arguments), full, arguments, body);
}

func::FuncOp KernelLibrary::get(Operation *op, const std::string &key, StringRef name,
                                TypeRange arguments, ScheduleBuilder::KernelBody body) {
  func::FuncOp &kernel = kernels[key];
  if (kernel)
    return kernel;
  SmallVector<func::FuncOp> &sameName = built[name];
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types(arguments);
  types.push_back(builder.getIndexType());
  kernel = func::FuncOp::create(builder, op->getLoc(), (name + "_" + Twine(sameName.size())).str(),
                                builder.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr(schedule::attribute::kernel, builder.getStringAttr(op->getName().getStringRef()));
  Block *block = kernel.addEntryBlock();
  builder.setInsertionPointToStart(block);
  body(builder, op->getLoc(), block->getArguments().back(), block->getArguments().drop_back());
  builder.setInsertionPointToEnd(block);
  func::ReturnOp::create(builder, op->getLoc());

  // What the body may depend on is more than what it does depend on.
  for (func::FuncOp other : sameName)
    if (areEqual(kernel, other)) {
      kernel.erase();
      return kernel = other;
    }
  ++kernelCount;
  sameName.push_back(kernel);
  return kernel;
}

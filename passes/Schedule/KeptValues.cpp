// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/KeptValues.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KernelOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dreamer;

static bool isParameter(func::FuncOp function, unsigned argument) {
  auto given = function.getArgAttrOfType<StringAttr>(argument, attribute::role);
  return given && (given == role::parameter || given == role::balance);
}

bool KeptValues::areKeptBy(func::FuncOp function) {
  llvm::StringSet<> parameters;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto name = function.getArgAttrOfType<StringAttr>(i, attribute::name);
        name && isParameter(function, i))
      parameters.insert(name);
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto updated = function.getResultAttrOfType<StringAttr>(i, attribute::updates);
    auto name = function.getResultAttrOfType<StringAttr>(i, attribute::name);
    if ((updated && parameters.contains(updated)) || (name && name.strref().starts_with("grad.")))
      return false;
  }
  return !parameters.empty();
}

KeptValues::KeptValues(func::FuncOp function) {
  if (!areKeptBy(function))
    return;
  for (auto [i, argument] : llvm::enumerate(function.getArguments()))
    if (isParameter(function, i))
      if (auto name = function.getArgAttrOfType<StringAttr>(i, attribute::name))
        keys[argument] = name.str();
  for (Operation &op : function.getBody().front()) {
    if (op.getNumOperands() == 0 || op.getNumRegions() || !isPure(&op) ||
        !llvm::all_of(op.getOperands(), [&](Value operand) { return keys.contains(operand); }))
      continue;
    std::string key;
    llvm::raw_string_ostream out(key);
    out << op.getName() << op.getAttrDictionary() << '(';
    llvm::interleaveComma(op.getOperands(), out, [&](Value operand) { out << keys[operand]; });
    out << ')';
    for (OpResult result : op.getResults())
      keys[result] = (key + "#" + Twine(result.getResultNumber()) + ": ").str();
    for (OpResult result : op.getResults())
      llvm::raw_string_ostream(keys[result]) << result.getType();
  }
}

std::optional<StringRef> KeptValues::keyOf(Value value) const {
  auto found = keys.find(value);
  if (found == keys.end())
    return std::nullopt;
  return StringRef(found->second);
}

bool KeptValues::isKept(Value value) const {
  return isa_and_nonnull<KernelOpInterface>(value.getDefiningOp()) && keys.contains(value);
}

int64_t KeptLayout::headerOf(StringRef key, int64_t bytes) {
  auto [known, isNew] = headers.try_emplace(key, end);
  if (isNew)
    end += headerBytes + llvm::alignTo(bytes, headerBytes);
  return known->second;
}

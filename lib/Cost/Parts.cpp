// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Cost/Parts.h"
#include "mlir/IR/Location.h"

using namespace mlir;

namespace dreamer {

StringRef partOf(Operation *op) {
  auto name = op->getLoc()->findInstanceOf<NameLoc>();
  return name ? name.getName().getValue() : "other";
}

/// `stem.0.norm1` as `stem.norm1`, anything else as it is.
static std::string withoutLayerIndex(StringRef name) {
  auto [block, rest] = name.split('.');
  auto [index, inner] = rest.split('.');
  unsigned number = 0;
  if (inner.empty() || index.getAsInteger(10, number))
    return name.str();
  return (block + "." + inner).str();
}

std::string partOfParameter(StringRef name, llvm::function_ref<bool(StringRef)> isPart) {
  for (StringRef prefix = name; !prefix.empty(); prefix = prefix.rsplit('.').first) {
    if (isPart(prefix))
      return prefix.str();
    std::string untied = withoutLayerIndex(prefix);
    if (isPart(untied))
      return untied;
    if (!prefix.contains('.'))
      break;
  }
  return name.rsplit('.').first.str();
}

} // namespace dreamer

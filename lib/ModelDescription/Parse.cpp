// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Parse.h"
#include "lib/ModelDescription/Overrides.h"
#include "lib/ModelDescription/Reader.h"

using namespace mlir;

namespace dreamer {

FailureOr<Description> parseDescription(StringRef text, StringRef file, MLIRContext *context,
                                        ArrayRef<std::string> overrides) {
  FailureOr<yaml::Node> root = yaml::parse(text, {file}, context);
  if (failed(root) || failed(applyOverrides(*root, overrides)))
    return failure();
  Description description;
  if (!Reader::read(*root, description, "the description"))
    return failure();
  return description;
}

} // namespace dreamer

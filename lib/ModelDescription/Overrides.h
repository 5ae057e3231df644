// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `path=value` changes to the tree of a description, made before it is read.

#ifndef DREAMER_LIB_MODELDESCRIPTION_OVERRIDES_H
#define DREAMER_LIB_MODELDESCRIPTION_OVERRIDES_H

#include "lib/ModelDescription/Yaml.h"
#include "llvm/ADT/ArrayRef.h"

namespace dreamer {

/// Applies each override in turn; see parseDescription for what they look like.
mlir::LogicalResult applyOverrides(yaml::Node &root, llvm::ArrayRef<std::string> overrides);

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_OVERRIDES_H

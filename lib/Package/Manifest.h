// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a package says of itself.

#ifndef DREAMER_LIB_PACKAGE_MANIFEST_H
#define DREAMER_LIB_PACKAGE_MANIFEST_H

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace dreamer {

/// Gives every launch of a module of the kernels phase its place in the manifest's table.
void numberLaunches(mlir::ModuleOp module);

/// The manifest of a module of the kernels phase; runtime/core/Manifest.h has the schema. `flags` are
/// the compiler options that made it. Fails with a diagnostic if an attribute is missing.
mlir::FailureOr<llvm::json::Object> buildManifest(mlir::ModuleOp module,
                                                  llvm::ArrayRef<std::string> flags);

} // namespace dreamer

#endif // DREAMER_LIB_PACKAGE_MANIFEST_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes packages, and reads the model in one. runtime/core/PackageFormat.h says what a package is.

#ifndef DREAMER_LIB_PACKAGE_PACKAGE_H
#define DREAMER_LIB_PACKAGE_PACKAGE_H

#include "lib/Target/X86/ObjectCode.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace dreamer {

/// Everything that a package holds.
struct PackageContents {
  llvm::json::Object manifest;
  std::string model;                 ///< bytecode of the model phase, may be empty
  std::vector<VariantCode> variants; ///< from the least to the most demanding
};

/// Links the package beside `path`, checks it and renames it: either the whole package is there
/// afterwards, or what was there before.
llvm::Error writePackage(const PackageContents &contents, llvm::StringRef path);

/// Whether the file begins like a package (an ELF file).
bool isPackage(llvm::StringRef bytes);

/// The bytecode of the model in the bytes of a package. `path` is for messages.
llvm::Expected<std::string> readPackageModel(llvm::StringRef bytes, llvm::StringRef path);

/// The model as bytecode.
std::string modelBytecode(mlir::ModuleOp module);

} // namespace dreamer

#endif // DREAMER_LIB_PACKAGE_PACKAGE_H

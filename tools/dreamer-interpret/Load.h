// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program that a file given to dreamer-interpret stands for.

#ifndef DREAMER_TOOLS_DREAMER_INTERPRET_LOAD_H
#define DREAMER_TOOLS_DREAMER_INTERPRET_LOAD_H

#include "lib/Reference/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"
#include <string>
#include <vector>

namespace dreamer {

struct LoadOptions {
  std::vector<std::string> overrides; ///< of a description's keys: path=value
  int64_t batch = 0;                  ///< sequences; 0: as the inputs have, else 1
  int64_t context = 0; ///< positions; 0: as the inputs have, else as the description says
};

/// Reads a description (.yaml), a package, or IR of the model or the program phase (text or
/// bytecode). Where one of `entries` is missing and there is a forward pass, the entry points
/// are built from it. Null, after an error, on failure. `sources` holds the file for diagnostics.
mlir::OwningOpRef<mlir::ModuleOp> loadModule(mlir::MLIRContext &context, llvm::SourceMgr &sources,
                                             llvm::StringRef path,
                                             llvm::ArrayRef<std::string> entries,
                                             const reference::Bundle &inputs,
                                             const LoadOptions &options);

} // namespace dreamer

#endif // DREAMER_TOOLS_DREAMER_INTERPRET_LOAD_H

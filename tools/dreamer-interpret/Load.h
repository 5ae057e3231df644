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

namespace dreamer {

/// Reads IR (text or bytecode) of the model or the program phase, as it is. Null, after an
/// error, on failure. `sources` holds the file for diagnostics.
mlir::OwningOpRef<mlir::ModuleOp> loadModule(mlir::MLIRContext &context, llvm::SourceMgr &sources,
                                             llvm::StringRef path,
                                             llvm::ArrayRef<std::string> entries,
                                             const reference::Bundle &inputs);

} // namespace dreamer

#endif // DREAMER_TOOLS_DREAMER_INTERPRET_LOAD_H

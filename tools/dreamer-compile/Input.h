// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads what is to be compiled: a description, a module of IR, or the model in a package.

#ifndef DREAMER_TOOLS_COMPILE_INPUT_H
#define DREAMER_TOOLS_COMPILE_INPUT_H

#include "mlir/IR/OwningOpRef.h"
#include "tools/dreamer-compile/Options.h"
#include "llvm/Support/SourceMgr.h"

namespace dreamer {

/// The input as the options change it.
struct Input {
  std::optional<Description> description;   ///< where there is one
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< null if only the description is wanted
};

/// Nothing after a message about what is wrong.
std::optional<Input> readInput(mlir::MLIRContext &context, llvm::SourceMgr &sources,
                               const ToolOptions &options);

} // namespace dreamer

#endif // DREAMER_TOOLS_COMPILE_INPUT_H

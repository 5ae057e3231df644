// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the text of a description to what the interpreter runs.

#ifndef DREAMER_TEST_UNIT_SUPPORT_PROGRAM_H
#define DREAMER_TEST_UNIT_SUPPORT_PROGRAM_H

#include "lib/ModelDescription/Description.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"

namespace dreamer::test {

/// The model phase of a description, for sequences of the description's context. Null, after a
/// failure of the test, if it is not accepted; `parsed` takes what it says.
mlir::OwningOpRef<mlir::ModuleOp> buildModel(mlir::MLIRContext &context, llvm::StringRef yaml,
                                             int64_t batch = 2, Description *parsed = nullptr);

/// Its entry points.
mlir::OwningOpRef<mlir::ModuleOp> buildProgram(mlir::MLIRContext &context, llvm::StringRef yaml,
                                               BuildEntryPointsOptions options = {},
                                               Description *parsed = nullptr);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_SUPPORT_PROGRAM_H

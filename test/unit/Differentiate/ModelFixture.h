// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole models: what their entry points compute in f64.

#ifndef DREAMER_TEST_UNIT_DIFFERENTIATE_MODELFIXTURE_H
#define DREAMER_TEST_UNIT_DIFFERENTIATE_MODELFIXTURE_H

#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "test/unit/Support/TestSupport.h"

namespace dreamer::test {

/// The entry points of a description, compiled for B = 2 and the description's context.
mlir::OwningOpRef<mlir::ModuleOp> buildProgram(mlir::MLIRContext &context, llvm::StringRef yaml,
                                               BuildEntryPointsOptions options = {});

/// Random values for every argument of @`entry` that has no default: states of any size, norms
/// near 1, small balance biases, tokens and targets in the vocabulary (one target ignored).
reference::Bundle randomInputs(mlir::ModuleOp module, llvm::StringRef entry, uint32_t seed);

/// `results` without what is no choice of experts: options that replay the choice.
reference::Bundle chosenExperts(const reference::Bundle &results);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_DIFFERENTIATE_MODELFIXTURE_H

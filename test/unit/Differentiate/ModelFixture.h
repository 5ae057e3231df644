// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs of whole models.

#ifndef DREAMER_TEST_UNIT_DIFFERENTIATE_MODELFIXTURE_H
#define DREAMER_TEST_UNIT_DIFFERENTIATE_MODELFIXTURE_H

#include "test/unit/Support/Program.h"
#include "test/unit/Support/TestSupport.h"

namespace dreamer::test {

/// Random values for every argument of @`entry` that has no default: states of any size, norms
/// near 1, small balance biases, tokens and targets in the vocabulary (one target ignored).
reference::Bundle randomInputs(mlir::ModuleOp module, llvm::StringRef entry, uint32_t seed);

/// `results` without what is no choice of experts: options that replay the choice.
reference::Bundle chosenExperts(const reference::Bundle &results);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_DIFFERENTIATE_MODELFIXTURE_H

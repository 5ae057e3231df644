// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The element type of matrix products; see NarrowMatrices.td.

#ifndef DREAMER_PASSES_NARROWMATRICES_NARROWMATRICES_H
#define DREAMER_PASSES_NARROWMATRICES_NARROWMATRICES_H

#include "mlir/Pass/Pass.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/NarrowMatrices/NarrowMatrices.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_NARROWMATRICES_NARROWMATRICES_H

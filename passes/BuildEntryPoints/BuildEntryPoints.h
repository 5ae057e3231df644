// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a model's forward pass to the functions that programs call; see BuildEntryPoints.td.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_BUILDENTRYPOINTS_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_BUILDENTRYPOINTS_H

#include "mlir/Pass/Pass.h"
#include "passes/Differentiate/Differentiate.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/BuildEntryPoints/BuildEntryPoints.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_BUILDENTRYPOINTS_H

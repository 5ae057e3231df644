// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weight gradients of many depths at once; see DeferGradients.td.

#ifndef DREAMER_PASSES_DEFERGRADIENTS_DEFERGRADIENTS_H
#define DREAMER_PASSES_DEFERGRADIENTS_DEFERGRADIENTS_H

#include "mlir/Pass/Pass.h"

namespace dreamer {

/// Which gradients are deferred.
enum class Defer {
  None,
  Auto, ///< where it pays
  All   ///< all that can be
};

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/DeferGradients/DeferGradients.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_DEFERGRADIENTS_DEFERGRADIENTS_H

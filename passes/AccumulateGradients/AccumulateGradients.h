// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of gradients without additions of their own; see AccumulateGradients.td.

#ifndef DREAMER_PASSES_ACCUMULATEGRADIENTS_ACCUMULATEGRADIENTS_H
#define DREAMER_PASSES_ACCUMULATEGRADIENTS_ACCUMULATEGRADIENTS_H

#include "mlir/Pass/Pass.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/AccumulateGradients/AccumulateGradients.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_ACCUMULATEGRADIENTS_ACCUMULATEGRADIENTS_H

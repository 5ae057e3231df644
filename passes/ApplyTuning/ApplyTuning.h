// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What was measured becomes choices in the program; see ApplyTuning.td.

#ifndef DREAMER_PASSES_APPLYTUNING_APPLYTUNING_H
#define DREAMER_PASSES_APPLYTUNING_APPLYTUNING_H

#include "mlir/Pass/Pass.h"
#include <string>

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/ApplyTuning/ApplyTuning.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_APPLYTUNING_APPLYTUNING_H

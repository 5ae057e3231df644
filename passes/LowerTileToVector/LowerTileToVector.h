// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile programs for processors, as loops over vectors.

#ifndef DREAMER_PASSES_LOWERTILETOVECTOR_LOWERTILETOVECTOR_H
#define DREAMER_PASSES_LOWERTILETOVECTOR_LOWERTILETOVECTOR_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/LowerTileToVector/LowerTileToVector.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_LOWERTILETOVECTOR_LOWERTILETOVECTOR_H

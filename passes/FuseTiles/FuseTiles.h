// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products with what follows from their tiles; see FuseTiles.td.

#ifndef DREAMER_PASSES_FUSETILES_FUSETILES_H
#define DREAMER_PASSES_FUSETILES_FUSETILES_H

#include "mlir/Pass/Pass.h"
#include "passes/Support/When.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/FuseTiles/FuseTiles.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_FUSETILES_FUSETILES_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products that are reduced at once and need no memory of their own; see FuseProducts.td.

#ifndef DREAMER_PASSES_FUSEPRODUCTS_FUSEPRODUCTS_H
#define DREAMER_PASSES_FUSEPRODUCTS_FUSEPRODUCTS_H

#include "mlir/Pass/Pass.h"
#include "passes/Support/When.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/FuseProducts/FuseProducts.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_FUSEPRODUCTS_FUSEPRODUCTS_H

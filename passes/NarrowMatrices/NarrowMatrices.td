// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The element type of matrix products.

#ifndef DREAMER_PASSES_NARROWMATRICES_TD
#define DREAMER_PASSES_NARROWMATRICES_TD

include "mlir/Pass/PassBase.td"

def NarrowMatrices : Pass<"dreamer-narrow-matrices", "::mlir::ModuleOp"> {
  let summary = "casts the operands of matrix products to bf16";
  let description = [{
    Every operand that `MatrixOperandsOpInterface` names gets a `dreamer.cast` to bf16;
    results, and with them residual states, norms, gates and gradients, stay f32. A value
    is cast once, where it is defined: what comes from outside a loop (a weight) is cast
    outside.

    What a loop stacks for nothing but casts in other loops (activations that wait for
    the reverse pass) is stacked as bf16.

    Runs after differentiation: adjoints are products of their own and narrow alike.
  }];
  let dependentDialects = ["::dreamer::DreamerDialect"];
}

#endif // DREAMER_PASSES_NARROWMATRICES_TD

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The element type of matrix products.

#ifndef DREAMER_PASSES_NARROWMATRICES_TD
#define DREAMER_PASSES_NARROWMATRICES_TD

include "mlir/Pass/PassBase.td"

def NarrowMatrices : Pass<"dreamer-narrow-matrices", "::mlir::ModuleOp"> {
  let summary = "makes the operands of matrix products bf16";
  let description = [{
    Every operand that `MatrixOperandsOpInterface` names gets a `dreamer.cast` to bf16;
    what else reads a value, and with it residual states, norms, gates and gradients, reads
    f32. A value is cast once, where it is defined: what comes from outside a loop (a weight)
    is cast outside.

    What a loop stacks for nothing but casts in other loops (activations that wait for
    the reverse pass) is stacked as bf16. A result that nothing reads but its cast is
    written as bf16 by the operation that computes it, where `NarrowResultsOpInterface` says that
    it can; the cast goes.

    Runs after differentiation, as adjoints are products of their own and narrow alike, and after sums
    have found what they are added to, since those stay f32.
  }];
  let dependentDialects = ["::dreamer::DreamerDialect"];
}

#endif // DREAMER_PASSES_NARROWMATRICES_TD

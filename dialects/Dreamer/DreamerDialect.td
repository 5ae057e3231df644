// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Dreamer dialect and the base classes of its operations.

#ifndef DREAMER_DIALECT_TD
#define DREAMER_DIALECT_TD

include "mlir/IR/OpBase.td"

def Dreamer_Dialect : Dialect {
  let name = "dreamer";
  let cppNamespace = "::dreamer";
  let summary = "Depth-recurrent attention mixtures on whole tensors";
  let description = [{
    Says what a forward pass, its derivative and a training step of a
    depth-recurrent attention mixture compute, on whole tensors of static shape.

    * The last dimension of an activation holds its features, heads included
      (`heads * head_dim`, head-major); the dimensions before it are the *lead*
      dimensions: `[B, T]` for sequences, `[B]` in decoding. Only the operations
      that mix positions look at the lead dimensions.
    * Linear weights are `[out, in]`, as in published weight files.
    * Every result type follows from operands and attributes, so a function can
      be cloned with other lead dimensions by inferring its types again.
    * Values are f32. Operands that the element type of a package may narrow to
      bf16 are named by `MatrixOperandsOpInterface`, results that may be written as
      bf16 for them by `NarrowResultsOpInterface`; sums are f32 or wider.
    * Function arguments and results are named by the attributes `dreamer.name`,
      `dreamer.role`, `dreamer.init`, `dreamer.default` and `dreamer.updates`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

class Dreamer_Op<string mnemonic, list<Trait> traits = []>
    : Op<Dreamer_Dialect, mnemonic, traits>;

#endif // DREAMER_DIALECT_TD

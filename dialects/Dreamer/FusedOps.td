// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that are computed together, in one launch.

#ifndef DREAMER_FUSED_OPS_TD
#define DREAMER_FUSED_OPS_TD

include "dialects/Dreamer/DreamerOpBase.td"

def Dreamer_FusedOp
    : Dreamer_Op<"fused", [Pure, IsolatedFromAbove, DeclareOpInterfaceMethods<CostOpInterface, ["getCost"]>,
                           SingleBlock]> {
  let summary = "products, and what follows each of them tile by tile";
  let description = [{
    The region holds products (`linear`) of its arguments, and operations that follow from tiles of such a
    product (`TileLocalOpInterface`): its norm by heads, its rotation, a residual that is added to
    it. A task computes a tile of a product and, while that is in a cache, the same tile of all that
    follows. Products do not follow from each other; those of one operand (queries, keys, values) share the
    launch. What `give` does not name is never in memory as a whole where it can be helped.

    ```mlir
    %q0, %q = dreamer.fused(%x, %w, %n, %p) : (...) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
    ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>, %na: tensor<4xf32>, %pa: tensor<2xi32>):
      %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
      %b = dreamer.rms_norm %a, %na {eps = 1.0e-6 : f64} : tensor<2x8xf32>, tensor<4xf32>
      %c = dreamer.rotary %b, %pa {head_dim = 4, theta = 1.0e4 : f64} : tensor<2x8xf32>, tensor<2xi32>
      dreamer.give %a, %c : tensor<2x8xf32>, tensor<2x8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs Variadic<Dreamer_AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $inputs `)` attr-dict `:` functional-type($inputs, $results) $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The products, each with what follows it, in order.
    ::llvm::SmallVector<::dreamer::TileChain> getChains();
    ::mlir::OperandRange getGiven();
    /// What an argument of the region stands for; null for other values.
    ::mlir::Value getInput(::mlir::Value argument);
  }];
}

def Dreamer_GiveOp : Dreamer_Op<"give", [Pure, Terminator, HasParent<"FusedOp">]> {
  let summary = "the results of `fused`";
  let arguments = (ins Variadic<Dreamer_AnyTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif // DREAMER_FUSED_OPS_TD

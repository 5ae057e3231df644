// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products with what follows from their tiles.

#ifndef DREAMER_PASSES_FUSETILES_TD
#define DREAMER_PASSES_FUSETILES_TD

include "mlir/Pass/PassBase.td"

def FuseTiles : Pass<"dreamer-fuse-tiles", "::mlir::ModuleOp"> {
  let summary = "what follows from tiles of a product is computed with it, in one launch";
  let description = [{
    Norms by heads, rotations, residuals and gates follow a product, element by element or head by head:
    what says so (`TileLocalOpInterface`) moves into a `dreamer.fused` with the product, and so do
    the products of the same operand (queries, keys and values of both attentions), each with what follows
    it:

    ```mlir
    %a = dreamer.linear %x, %w
    %b = dreamer.rms_norm %a, %n
    %c = dreamer.linear %x, %v
    ```

    becomes

    ```mlir
    %b, %c = dreamer.fused(%x, %w, %n, %v) {
      %a = dreamer.linear %x, %w
      %b = dreamer.rms_norm %a, %n
      %c = dreamer.linear %x, %v
      dreamer.give %b, %c
    }
    ```

    One launch in the place of three, and tiles are read again while they are in a cache.

    An operation is fused if all that it needs, but for the product's own part, is known before the first
    product of the group. One that needs whole rows of the product (the norm of a state) makes tiles whole rows:
    it is fused only where there are rows enough for `fewest-tiles` of them. Remarks of category `fuse` say
    what was fused and what was not, and why.

    Assumes that derivatives have been taken.
  }];
  let options = [
    Option<"fewestTiles", "fewest-tiles", "int64_t", "4",
           "Tiles that the product of a group must be cut into, so that threads can share them">,
    Option<"when", "when", "::dreamer::When", "::dreamer::When::Auto", "Whether operations are fused",
           [{::llvm::cl::values(
             clEnumValN(::dreamer::When::Auto, "auto", "where there are tiles enough (default)"),
             clEnumValN(::dreamer::When::Always, "always", "wherever it is possible"),
             clEnumValN(::dreamer::When::Never, "never", "nowhere"))}]>,
  ];
  let dependentDialects = ["::dreamer::DreamerDialect"];
  let statistics = [Statistic<"fused", "fused", "operations that are part of a group">];
}

#endif // DREAMER_PASSES_FUSETILES_TD

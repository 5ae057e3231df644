// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products that are reduced at once and need no memory of their own.

#ifndef DREAMER_PASSES_FUSEPRODUCTS_TD
#define DREAMER_PASSES_FUSEPRODUCTS_TD

include "mlir/Pass/PassBase.td"

def FuseProducts : Pass<"dreamer-fuse-products", "::mlir::ModuleOp"> {
  let summary = "a product that is only reduced is made and reduced some rows at a time";
  let description = [{
    A loss reads the logits, a product, and leaves a number; its adjoint reads them again, and makes
    a cotangent of their size that two more products read:

    ```mlir
    %y = dreamer.linear %x, %w
    %loss, %token, %lse = dreamer.cross_entropy %y, %targets, %count
    %dy = dreamer.cross_entropy_grad %y, %targets, %count, %lse, %dloss
    %dx = dreamer.linear %dy, %w {transpose}
    %dw = dreamer.linear_weight_grad %dy, %x
    ```

    Where nobody else reads the product (and nobody else its cotangent), one operation does all of it
    for some rows at a time, and neither is ever in memory as a whole:

    ```mlir
    %loss, %token, %lse, %dx, %dw = dreamer.linear_cross_entropy_grad %x, %w, %targets, %count, %dloss
    ```

    Without an adjoint, `dreamer.linear_cross_entropy`. What can be fused says so itself
    (`ReducesProductOpInterface`). A remark of category `fuse` tells what was fused and what was not, and why.

    No product is computed twice, so the only price is that the weight and its gradient are read
    once for each block of rows. A product below `min-bytes` stays in a cache while it is read, and
    its memory is none to speak of: it stays, unless `when` is `always`.

    Assumes that the loss's own cotangent is known where the loss is.
  }];
  let options = [
    Option<"when", "when", "::dreamer::When", "::dreamer::When::Auto", "Whether products are fused",
           [{::llvm::cl::values(
             clEnumValN(::dreamer::When::Auto, "auto", "those of at least min-bytes (default)"),
             clEnumValN(::dreamer::When::Always, "always", "all that can be"),
             clEnumValN(::dreamer::When::Never, "never", "none"))}]>,
    Option<"minBytes", "min-bytes", "int64_t", "16777216",
           "Products below this size stay as they are">,
  ];
  let dependentDialects = ["::dreamer::DreamerDialect"];
  let statistics = [Statistic<"fused", "fused", "products that are gone">];
}

#endif // DREAMER_PASSES_FUSEPRODUCTS_TD

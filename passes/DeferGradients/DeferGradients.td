// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weight gradients of many depths at once.

#ifndef DREAMER_PASSES_DEFERGRADIENTS_DEFERGRADIENTS_TD
#define DREAMER_PASSES_DEFERGRADIENTS_DEFERGRADIENTS_TD

include "mlir/Pass/PassBase.td"

def DeferGradients : Pass<"dreamer-defer-gradients", "::mlir::ModuleOp"> {
  let summary = "gradients that steps of a loop add up are made once of the rows of many steps";
  let description = [{
    The reverse loop over depth adds to the gradient of a shared weight in every step, a product over
    the rows of one step:

    ```mlir
    %r:2 = dreamer.recur reverse bound 16 init(%dx, %dw0) slices(%xs) ... {
      %dw1 = dreamer.linear_weight_grad %dy, %x into(%dw)
      dreamer.yield carried(%dx1, %dw1)
    }
    ```

    The rows are left behind instead, and summed over after the loop (`window` 16):

    ```mlir
    %r:2 = dreamer.recur reverse bound 16 init(%dx) slices(%xs) ... {
      dreamer.yield carried(%dx1) stacked(%dy)
    }
    %dw = dreamer.linear_weight_grad %r#1, %xs into(%dw0)
    ```

    One product is as long as those of all steps together, and reads and writes the gradient once.
    What is summed over must be kept: rows that are slices of the loop are kept already, others are
    stacked. For fewer of them the loop is first cut into windows of some steps, a loop in a
    loop, and the gradient is added to after each window. Entries of steps that a run-time depth leaves
    out are 0 (ids -1) and add nothing.

    Which operations can do it say so by `DeferrableOpInterface`. Chosen are (`auto`) those whose rows of
    one step are too few for a product, if a step reads and writes less of the gradient than it
    writes and reads more of rows. Fewer than 64 are too few, and 256 are wanted. Of gradients of more than
    16 MiB, which no cache holds from step to step, fewer than 128 rows are too few (256 of `narrow`
    matrices), and as many are wanted: reading and writing sums then takes an eighth of the product's time.
    The window is the smallest divisor of the bound that makes as many rows as are wanted, or the bound, and no
    more than `window`. All gradients of a loop share the largest window of those chosen. The decisions are
    written down in `dreamer.plan`.

    Assumes sums in operations (`dreamer-accumulate-gradients`). Leaves carried values that no step
    changes to the canonicalizer.
  }];
  let options = [
    Option<"which", "which", "::dreamer::Defer", /*default=*/"::dreamer::Defer::Auto",
           "which gradients", [{::llvm::cl::values(
             clEnumValN(::dreamer::Defer::None, "none", "none"),
             clEnumValN(::dreamer::Defer::Auto, "auto", "where it pays"),
             clEnumValN(::dreamer::Defer::All, "all", "all, over all steps or `window`"))}]>,
    Option<"window", "window", "int64_t", /*default=*/"0",
           "most steps whose rows are kept; 0: as many as the loop has">,
    Option<"narrow", "narrow", "bool", /*default=*/"false",
           "whether matrices will be narrowed to bf16, whose products are faster">,
  ];
  let dependentDialects = ["::dreamer::DreamerDialect", "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"deferred", "deferred", "operations that sum over many steps">,
    Statistic<"windows", "windows", "loops that are cut into windows">,
  ];
}

#endif // DREAMER_PASSES_DEFERGRADIENTS_DEFERGRADIENTS_TD

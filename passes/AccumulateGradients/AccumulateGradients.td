// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of gradients without additions of their own.

#ifndef DREAMER_PASSES_ACCUMULATEGRADIENTS_TD
#define DREAMER_PASSES_ACCUMULATEGRADIENTS_TD

include "mlir/Pass/PassBase.td"

def AccumulateGradients : Pass<"dreamer-accumulate-gradients", "::mlir::ModuleOp"> {
  let summary = "operations add their results to sums instead of leaving it to dreamer.add";
  let description = [{
    The reverse loop carries the gradient of every weight that the steps share, and adds to it in
    every step:

    ```mlir
    %g = dreamer.linear_weight_grad %dy, %x
    %next = dreamer.add %sum, %g
    ```

    Where all results of an `AccumulatingOpInterface` that can be sums are added to something, and
    nothing else is done with either, the operation takes the sums itself and updates them in place:

    ```mlir
    %next = dreamer.linear_weight_grad %dy, %x into(%sum)
    ```

    which saves two passes over the gradient in memory, or the whole of a history but for the
    entries that a step has.

    A product does the same with a term of a sum, which is how the cotangents of one value by several ways
    (queries, keys, values) and the outputs of two attentions add up.

    Assumes that the sum is known where the operation stands; otherwise the addition stays. A remark of
    category `fuse` tells of each addition that went, and of each that could have and why it stays.
  }];
  let dependentDialects = ["::dreamer::DreamerDialect"];
  let statistics = [Statistic<"fused", "fused", "additions that are gone">];
}

#endif // DREAMER_PASSES_ACCUMULATEGRADIENTS_TD

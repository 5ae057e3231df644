// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a model's forward pass to the functions that programs call.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_TD
#define DREAMER_PASSES_BUILDENTRYPOINTS_TD

include "mlir/Pass/PassBase.td"

def BuildEntryPoints : Pass<"dreamer-build-entry-points", "::mlir::ModuleOp"> {
  let summary = "replaces @forward by score, gradients, train_step, prefill and decode";
  let description = [{
    Takes a module of the model phase: one function @forward(tokens i32 [B, T],
    parameters, options) -> (logits f32 [B, T, V], expert ids ...) whose arguments and
    results are named (`dreamer.name`, `dreamer.role`), and the module attribute
    `dreamer.training`. Gives, in the order of arguments and results:

    * `score(tokens, targets, parameters, options) -> loss, logits, token_loss, ids`
    * `gradients(tokens, targets, parameters, options) -> loss, grad.<parameter>, ids`
    * `train_step(tokens, targets, step, rate, parameters, moment1.<parameter>,
      moment2.<parameter>, options) -> loss, norm, skipped, <layer>.expert_load,
      parameters, moments, ids`: one AdamW step; parameters and moments update the
      arguments of their names. `skipped` is 1, and nothing changes, if the norm of
      the gradients is not finite. Weight decay is for parameters of two or more
      dimensions. Balance biases move against the load.
    * `prefill(tokens, lengths i32 [B], parameters, options) -> logits f32 [B, V] at the
      last positions, <block>.cache.k and .v f32 or bf16 [D, B, T, F], ids`
    * `decode(token i32 [B], position i32 [B], caches, parameters, options) -> logits
      f32 [B, V], caches, ids`

    With `micro-batches=n`, gradients and train_step cut the batch in n parts: a
    `dreamer.recur` over the parts holds forward and reverse pass of one part, and carries
    the sums of losses and gradients. The mean is over the targets of the whole batch.

    Decoding rebuilds the forward pass without its position dimension: result types are
    inferred anew, and operations that mix or know positions
    (`DecodableOpInterface`) take their own form. A loop carries the caches that its
    steps append to; step d uses slot d.
  }];
  let options = [
    ListOption<"entries", "entries", "std::string",
               "which of score, gradients, train_step, prefill, decode to build (default: all)">,
    Option<"recompute", "recompute", "::dreamer::Recompute", /*default=*/"::dreamer::Recompute::None",
           "what the reverse pass of a loop computes again", [{::llvm::cl::values(
             clEnumValN(::dreamer::Recompute::None, "none", "nothing: every value it needs is kept"),
             clEnumValN(::dreamer::Recompute::Depth, "depth", "each step, from its carried values"))}]>,
    Option<"microBatches", "micro-batches", "int64_t", /*default=*/"1",
           "parts of the batch whose gradients add up, one after the other">,
    Option<"narrowCaches", "narrow-caches", "bool", /*default=*/"false",
           "keep what decoding caches as bf16">,
  ];
  let dependentDialects = ["::dreamer::DreamerDialect", "::mlir::arith::ArithDialect"];
}

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_TD

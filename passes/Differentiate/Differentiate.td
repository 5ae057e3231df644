// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reverse-mode differentiation of functions of the Dreamer dialect.

#ifndef DREAMER_PASSES_DIFFERENTIATE_TD
#define DREAMER_PASSES_DIFFERENTIATE_TD

include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"dreamer-differentiate", "::mlir::ModuleOp"> {
  let summary = "adds to functions the gradients of their first result";
  let description = [{
    Reverse mode, written against `DifferentiableOpInterface`. A function gets a result
    `grad.<name>` for each argument with the role `parameter`; without roles, for each
    f32 argument. What is differentiated is the result named `loss`, else the first
    result; where it is no scalar, the function gets a last argument `seed`, its
    cotangent.

    Straight-line code is walked backwards: each operation turns the cotangents of its
    results into those of its operands, which add up. A `dreamer.recur` becomes a recur
    that runs the other way over as many steps and carries the cotangents of the carried
    values. Besides:

    * a history is carried as an accumulator of all slots. Every step reads a prefix
      of the history, so that nothing has to be cleared, and the history's final
      value serves each step;
    * a value from outside the loop (a weight) is an accumulator too, starting from what
      the code after the loop has contributed;
    * cotangents of slices are stacked, those of stacked results sliced.

    Forward values that adjoints ask for become stacked results of the forward loop and
    slices of the reverse one; index arithmetic is done again. With `recompute=depth`
    only the carried values at the start of each step are kept, and what must not be
    computed a second time (`mayRecompute`); other forward operations are cloned into
    the reverse loop as far as adjoints ask for their results. Operations with the attribute
    `dreamer.recompute` are in either case. Griewank and Walther, "Evaluating Derivatives", 2008,
    chapters 3 and 12.

    Assumes pure operations, and loops whose steps change a history by appending only.
  }];
  let options = [
    Option<"function", "function", "std::string", /*default=*/"",
           "the function to differentiate; default: all with a body">,
    Option<"recompute", "recompute", "::dreamer::Recompute", /*default=*/"::dreamer::Recompute::None",
           "what the reverse pass of a loop computes again", [{::llvm::cl::values(
             clEnumValN(::dreamer::Recompute::None, "none", "nothing: every value it needs is kept"),
             clEnumValN(::dreamer::Recompute::Depth, "depth", "each step, from its carried values"))}]>,
  ];
  let dependentDialects = ["::dreamer::DreamerDialect", "::mlir::arith::ArithDialect"];
}

#endif // DREAMER_PASSES_DIFFERENTIATE_TD

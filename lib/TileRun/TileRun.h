// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs tile programs on the CPU, slowly and literally, whatever target their layouts belong to.

#ifndef DREAMER_LIB_TILERUN_TILERUN_H
#define DREAMER_LIB_TILERUN_TILERUN_H

#include "lib/Reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dreamer::tilerun {

struct Options {
  int64_t blocks = 1; ///< of the grid; they run one after another
  /// Chooses which role goes on where several can, and (but for 0) the order of the blocks.
  uint32_t seed = 0;
  /// Copies into rings end when a reader waits for them; otherwise at once. What is read too early or overwritten
  /// too early differs between the two.
  bool late = false;
};

/// An argument of a program: an array, or a number as a tensor without dimensions.
struct Argument {
  reference::Tensor value;
  /// Whether the array's elements may be read before they are written. Those of an array that is not
  /// defined are NaN, or the lowest integer, where the program has not written them.
  bool isDefined = true;
};

/// Runs `function`; arrays hold afterwards what it has left there. Fails, after an error that says what was expected
/// and what was found, where the program does what no target defines: reads what nobody wrote, leaves
/// an array, breaks the protocol of a ring, waits for ever.
///
/// Values are rounded to their types. Sums of products are f32, in the order of the depth.
llvm::LogicalResult run(mlir::func::FuncOp function, llvm::MutableArrayRef<Argument> arguments,
                        const Options &options = {});

/// Runs one block of `function` without its data: numbers alone, which are `trial`'s choice where the program does
/// not say them. Fails where a ring's protocol is broken. A run ends without failure after `budget` operations.
llvm::LogicalResult tryProtocol(mlir::func::FuncOp function, unsigned trial, int64_t budget);

/// How many different trials there are.
constexpr unsigned protocolTrials = 24;

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_TILERUN_H

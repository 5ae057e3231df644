// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reverse-mode differentiation; see Differentiate.td.

#ifndef DREAMER_PASSES_DIFFERENTIATE_DIFFERENTIATE_H
#define DREAMER_PASSES_DIFFERENTIATE_DIFFERENTIATE_H

#include "mlir/IR/ValueRange.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/SmallVector.h"

namespace dreamer {

/// What the reverse pass of a loop computes again instead of keeping it.
enum class Recompute {
  None, ///< nothing
  Depth ///< each step of the loop, from the carried values at its start
};

/// Appends, before the terminator of the block of `result`, the operations that compute
/// the cotangents of `wrt` given that of `result` (of its type), and returns them in the
/// order of `wrt`: zeros where `result` does not depend on a value. Loops of the forward
/// code may be replaced by loops with more results; `result` must be no result of a loop.
/// `wrt` belong to that block or to code around it. Sums of cotangents start with `initial`, one
/// value for each of `wrt`, if there are any: so gradients add to what is given. Emits an error, and fails, where an operation between
/// `wrt` and `result` has no derivative.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
differentiate(mlir::Value result, mlir::Value cotangent, mlir::ValueRange wrt, Recompute recompute,
              mlir::ValueRange initial = {});

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Differentiate/Differentiate.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_DIFFERENTIATE_DIFFERENTIATE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Building and rebuilding loops over depth.

#ifndef DREAMER_PASSES_SUPPORT_RECUR_H
#define DREAMER_PASSES_SUPPORT_RECUR_H

#include "dialects/Dreamer/DreamerOps.h"

namespace dreamer {

/// `type` [...] as [entries, ...].
mlir::RankedTensorType stackedType(mlir::Type type, int64_t entries);

/// `type` [entries, ...] as [...].
mlir::RankedTensorType entryType(mlir::Type type);

/// A loop with the given body (its one block ends in a dreamer.yield), whose result types
/// follow from `inits` and from what the body stacks.
RecurOp createRecur(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value depth,
                    mlir::ValueRange inits, mlir::ValueRange slices, int64_t bound, bool reverse,
                    mlir::Region &&body);

/// Puts a loop that also stacks `values` of its body in the place of `recur` and of its uses.
/// `recur` itself is left for the caller to erase, without a body.
RecurOp addStackedResults(RecurOp recur, mlir::ValueRange values);

/// Erases the pure operations of `block` whose results nobody uses.
void eraseDeadOps(mlir::Block &block);

} // namespace dreamer

#endif // DREAMER_PASSES_SUPPORT_RECUR_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cloning of operations for operands of other types.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_RETYPE_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_RETYPE_H

#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/IRMapping.h"

namespace dreamer {

/// Clones operations at `builder`, their operands replaced as `mapping` says, and infers their
/// result types anew.
class Retype {
public:
  Retype(mlir::OpBuilder &builder, mlir::IRMapping &mapping) : builder(builder), mapping(mapping) {}
  virtual ~Retype() = default;

  /// Clones the operations of `block` but its terminator.
  mlir::LogicalResult cloneBody(mlir::Block &block);
  virtual mlir::LogicalResult clone(mlir::Operation &op);

protected:
  /// Values that `recur` carries besides its own: each holds the initial value and, while the
  /// body is cloned and after that, the one that is current there.
  virtual llvm::SmallVector<mlir::Value *> carriedBeside(RecurOp /*recur*/) { return {}; }

  mlir::LogicalResult cloneRecur(RecurOp recur);
  llvm::SmallVector<mlir::Value> lookup(mlir::ValueRange values);

  mlir::OpBuilder &builder;
  mlir::IRMapping &mapping;
};

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_RETYPE_H

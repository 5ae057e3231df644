// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which values of a piece of forward code depend on the values it is differentiated by.

#ifndef DREAMER_PASSES_DIFFERENTIATE_ACTIVITY_H
#define DREAMER_PASSES_DIFFERENTIATE_ACTIVITY_H

#include "dialects/Dreamer/DreamerOps.h"
#include "llvm/ADT/DenseSet.h"

namespace dreamer {

class Activity {
public:
  /// Looks at `block` and the loops in it. Whatever has an active operand or uses an active
  /// value has active results, as far as they are of a floating-point type.
  Activity(mlir::Block &block, mlir::ValueRange wrt);

  bool isActive(mlir::Value value) const { return active.contains(value); }

private:
  void propagate(mlir::Block &block);
  void propagate(RecurOp recur);
  /// Marks `value` if it can vary at all; true if that is new.
  bool mark(mlir::Value value);

  llvm::DenseSet<mlir::Value> active;
};

} // namespace dreamer

#endif // DREAMER_PASSES_DIFFERENTIATE_ACTIVITY_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When values are defined and needed, loops over depth included.

#ifndef DREAMER_PASSES_SCHEDULE_TIMELINE_H
#define DREAMER_PASSES_SCHEDULE_TIMELINE_H

#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Schedule/ArenaPlan.h"
#include "llvm/ADT/DenseMap.h"

namespace dreamer {

/// A value that lies in the memory of another one.
struct View {
  mlir::Value base;
  int64_t offset = 0;     ///< bytes
  mlir::Value index = {}; ///< null, or the index that `stride` bytes are multiplied with
  int64_t stride = 0;
};

/// The view that `value` is without regard to where its base lies: a slice of a loop, a slot, an
/// entry of an unstacked tensor.
std::optional<View> viewOf(mlir::Value value);

/// Times count operations in the order in which they run once; a loop begins at one time and ends at a
/// later one, its body in between. An operation reads and writes at its time.
class Timeline {
public:
  explicit Timeline(mlir::func::FuncOp function);

  int64_t at(mlir::Operation *op) const { return begin.lookup(op); }
  int64_t endOf(mlir::Operation *op) const { return end.lookup(op); }
  int64_t getEnd() const { return now; }

  /// When `value` itself (not what it is a view of) is first written.
  int64_t definition(mlir::Value value) const;

  /// The last time that `value`, or a view of it, is read. A value from outside a loop is needed until
  /// the loop ends. Its definition where it is not used.
  int64_t lastUse(mlir::Value value) const;

private:
  void number(mlir::Block &block);
  void extend(mlir::Value root, mlir::Value value, int64_t &last) const;
  int64_t useTime(mlir::Value root, mlir::OpOperand &use) const;

  llvm::DenseMap<mlir::Operation *, int64_t> begin, end;
  int64_t now = 0;
};

/// Whether the value of `operand` is made where a loop begins and needs no memory of its own: zeros
/// (filled in place) or an empty history.
bool isMadeInPlace(mlir::OpOperand &operand);

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_TIMELINE_H

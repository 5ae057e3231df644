// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reverse pass of one forward block: cotangents by forward value, and forward values
// as the reverse code can reach them.

#ifndef DREAMER_PASSES_DIFFERENTIATE_REVERSESCOPE_H
#define DREAMER_PASSES_DIFFERENTIATE_REVERSESCOPE_H

#include "passes/Differentiate/Activity.h"
#include "passes/Differentiate/Differentiate.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace dreamer {

/// The reverse pass of straight-line code, appended to the block itself: every forward
/// value is at hand. `StepScope` is that of a loop's step.
class ReverseScope : public AdjointContext {
public:
  ReverseScope(mlir::Block &forward, mlir::OpBuilder builder, const Activity &activity,
               Recompute recompute)
      : forward(forward), builder(builder), activity(activity), recompute(recompute) {}

  mlir::Value cotangent(mlir::Value result) override { return cotangents.lookup(result); }
  mlir::Value primal(mlir::Value value) override { return value; }
  void accumulate(mlir::Value operand, mlir::Value cotangent) override;

  /// Builds the adjoints of all operations of the block, last one first.
  mlir::LogicalResult reverse();

protected:
  friend class StepScope;

  /// Whether `value` belongs to this block (and not to code around it).
  bool owns(mlir::Value value) const { return value.getParentBlock() == &forward; }
  /// What the cotangents of `value` add up to so far, or null. A value from around the block
  /// always has a sum: it starts with what the code around has contributed.
  mlir::Value sumOf(mlir::Value value);
  /// Starts that sum.
  virtual mlir::Value startSum(mlir::Value /*value*/) { return {}; }
  /// A loop of this block got more results: `from` is gone.
  virtual void replaced(RecurOp from, RecurOp to);

  mlir::Value zero(mlir::Location loc, mlir::Type type) {
    return ZeroOp::create(builder, loc, type);
  }

  mlir::Block &forward;
  mlir::OpBuilder builder; ///< stands where the reverse code grows
  const Activity &activity;
  Recompute recompute;
  llvm::DenseMap<mlir::Value, mlir::Value> cotangents; ///< of forward values
};

/// The reverse pass of one step of a loop: the body of the reverse loop. It grows in a
/// region of its own, since only its end tells what it has to be given.
class StepScope : public ReverseScope {
public:
  StepScope(ReverseScope &outer, RecurOp recur);

  /// Builds the reverse loop into the outer scope.
  mlir::LogicalResult build();

  mlir::Value primal(mlir::Value value) override;

protected:
  mlir::Value startSum(mlir::Value value) override;
  void replaced(RecurOp from, RecurOp to) override;

private:
  /// A carried value of the reverse loop: the cotangent of `forward`, a carried argument of
  /// the forward loop or a value from outside.
  struct Carried {
    mlir::Value forward, init;
    mlir::BlockArgument argument;
  };
  /// A slice of the reverse loop: entries of `stack`, or, while that is null, of what the
  /// forward loop has to keep of `saved`.
  struct Slice {
    mlir::Value stack, saved;
    mlir::BlockArgument argument;
  };

  mlir::BlockArgument addArgument(mlir::Type type) { return body.front().addArgument(type, loc); }
  mlir::Value addSlice(mlir::Value stack, mlir::Value saved, mlir::Type type);
  mlir::Value addCarried(mlir::Value forward, mlir::Value init);
  /// Which carried values of the forward loop reach a result that has a cotangent.
  llvm::BitVector findLive();
  void open();
  void close(llvm::SmallVectorImpl<mlir::Value> &slicesWithCotangent);
  void eraseUnused();
  void keepSaved();
  RecurOp create();

  mlir::Value findPrimal(mlir::Value value);
  mlir::Value recomputed(mlir::Operation *op, mlir::Value value);
  std::optional<unsigned> historyOf(mlir::Value value);

  ReverseScope &outer;
  RecurOp recur;
  mlir::Location loc;
  mlir::Region body;
  mlir::Value index;
  llvm::SmallVector<Carried> carried;
  llvm::SmallVector<Slice> slices;
  llvm::DenseMap<mlir::Value, mlir::Value> primals;
};

} // namespace dreamer

#endif // DREAMER_PASSES_DIFFERENTIATE_REVERSESCOPE_H

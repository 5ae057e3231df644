// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every kernel body starts from: its task, its arguments, shares of work, loops
// over the columns of a row.

#ifndef DREAMER_KERNELS_KERNEL_H
#define DREAMER_KERNELS_KERNEL_H

#include "lib/Kernels/Emit.h"
#include "lib/Kernels/KernelOpInterface.h"

namespace dreamer::kernels {

/// Items 0 .. count-1 in contiguous shares, one a task. Follows from shapes alone, so
/// that results are the same for any number of threads.
struct Shares {
  int64_t count;
  int64_t perTask;

  /// `cost` is what an item costs, in elements touched (about 1/4 ns each). A share
  /// is a multiple of `multiple` items.
  static Shares of(int64_t count, int64_t cost, int64_t multiple = 1);
  int64_t tasks() const { return (count + perTask - 1) / perTask; }
};

/// A kernel being written.
class Kernel : public Emitter {
public:
  Kernel(mlir::OpBuilder &builder, mlir::Location loc, const KernelTarget &target, mlir::Value task,
         mlir::ValueRange arguments)
      : Emitter(builder, loc, target.vectorBits), target(target), task(*this, task),
        arguments(arguments) {}

  const KernelTarget &target;
  const Val task;

  Mem mem(unsigned i) { return {*this, arguments[i]}; }
  Val scalar(unsigned i) { return {*this, arguments[i]}; }

  /// Runs `body` for the items of the task's share.
  void forShare(Shares shares, llvm::function_ref<void(Val item)> body);

  /// Runs `body` for the task's share of columns: the first one and how many.
  void forColumnShare(Shares shares, llvm::function_ref<void(Val from, int64_t columns)> body);

  /// An i32 read from memory as an index.
  Val toIndex(Val x) { return convert(x, getBuilder().getIndexType()); }

  /// Runs `body` for columns 0 .. n-1, a vector at a time, the last one partly.
  void forColumns(int64_t n, llvm::function_ref<void(Val column, Lanes lanes)> body);

  /// The sum (or maximum) of what `body` gives for columns 0 .. n-1, as a scalar.
  Val sumColumns(int64_t n, llvm::function_ref<Val(Val column, Lanes lanes)> body);
  Val maxColumns(int64_t n, llvm::function_ref<Val(Val column, Lanes lanes)> body);
  /// The sum of f64 vectors.
  Val sumColumnsWide(int64_t n, llvm::function_ref<Val(Val column, Lanes lanes)> body);
  /// Several sums over the same columns.
  Vals sumColumns(int64_t n, unsigned sums, llvm::function_ref<Vals(Val column, Lanes lanes)> body);

private:
  Vals reduceColumns(int64_t n, unsigned count, mlir::Type element, double neutral,
                     llvm::function_ref<Val(Val, Val)> combine,
                     llvm::function_ref<Vals(Val, Lanes)> body);

  mlir::ValueRange arguments;
};

/// The first lanes of `x`, `fill` in the others.
Val keep(Val x, Lanes lanes, double fill);

/// Launches a kernel whose body `write` writes.
void launch(ScheduleBuilder &schedule, llvm::StringRef name, int64_t tasks,
            mlir::ValueRange arguments, llvm::function_ref<void(Kernel &)> write);
/// The same; `contractions` is its part of the operation's, as in ScheduleBuilder::launch.
void launch(ScheduleBuilder &schedule, llvm::StringRef name, int64_t tasks,
            mlir::ValueRange arguments, int64_t contractions,
            llvm::function_ref<void(Kernel &)> write);

/// Memory of `type` that a kernel fills from the operand `source`, see `ScheduleBuilder::prepare`.
mlir::Value prepare(ScheduleBuilder &schedule, llvm::StringRef name, mlir::Value source,
                    llvm::ArrayRef<int64_t> key, mlir::MemRefType type, int64_t tasks,
                    llvm::function_ref<void(Kernel &)> write);

/// Scratch of f32 (or another type).
mlir::Value scratch(ScheduleBuilder &schedule, llvm::ArrayRef<int64_t> shape,
                    mlir::Type element = {});

inline mlir::RankedTensorType tensorType(mlir::Value v) {
  return llvm::cast<mlir::RankedTensorType>(v.getType());
}
/// The last dimension of a tensor, 1 for scalars.
int64_t featuresOf(mlir::Value tensor);
/// All dimensions but the last, multiplied.
int64_t rowsOf(mlir::Value tensor);
inline int64_t elementsOf(mlir::Value tensor) { return tensorType(tensor).getNumElements(); }

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t roundUp(int64_t a, int64_t to) { return ceilDiv(a, to) * to; }

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_KERNEL_H

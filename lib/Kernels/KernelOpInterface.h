// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation that is lowered to kernels sees of the schedule it becomes part of.

#ifndef DREAMER_LIB_KERNELS_KERNELOPINTERFACE_H
#define DREAMER_LIB_KERNELS_KERNELOPINTERFACE_H

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstdint>
#include <optional>

namespace dreamer {

namespace kernels {
class Kernel;
struct OpTile;
} // namespace kernels

/// Builds the part of a host schedule that computes one operation.
///
/// Rules for kernels:
/// * A kernel is a function of memrefs (static shape, identity layout, aligned as their elements are)
///   and `index` scalars. It is run once for every task 0 .. tasks-1, tasks in any order and at the
///   same time: no task may write what another one reads or writes.
/// * What a task computes must not depend on how many threads there are, so the number of tasks and
///   the order of every sum follow from shapes and run-time scalars alone.
/// * Bodies may use arith, math, vector, scf, memref, linalg (on memrefs) and affine. Constants are
///   made inside the body: nothing of the host is visible but the arguments. `memref.alloca` is for
///   a few KiB in a task; larger scratch comes from `scratch`, one slice per task.
/// * Launches of one operation run one after the other, each sees what those before wrote.
/// * Two arguments overlap only where the operation said so (`getUpdatedOperand`,
///   `mayShareBuffer`) or where one tensor is passed twice and only read.
class ScheduleBuilder {
public:
  using KernelBody = llvm::function_ref<void(mlir::OpBuilder &builder, mlir::Location loc,
                                             mlir::Value task, mlir::ValueRange arguments)>;

  virtual ~ScheduleBuilder();

  /// The operation being lowered.
  virtual mlir::Operation *operation() const = 0;

  /// The machine that the kernels are for.
  virtual const KernelTarget &target() const = 0;

  /// What the parameter `name` of the operation is: what its attribute `dreamer.tuned` chooses for the
  /// target, or its standard value. The operation declares it (TunableOpInterface).
  int64_t parameter(llvm::StringRef name) const;

  /// The buffer of an operand or result of the operation: memref<shape x type> of tensor<shape x
  /// type>. An `index` operand maps to its value on the host.
  virtual mlir::Value buffer(mlir::Value value) = 0;

  /// Memory for this operation only, with undefined contents; static shape, identity layout.
  virtual mlir::Value scratch(mlir::MemRefType type) = 0;

  /// At the place of the operation in the host schedule, e.g. to compute a number of tasks from
  /// `index` operands. Run-time values in buffers should be read by kernels, not by the host.
  virtual mlir::OpBuilder &builder() = 0;
  virtual mlir::Location loc() const = 0;

  /// Runs a kernel for tasks 0 .. tasks-1 (an attribute or a value of type index) on `arguments`,
  /// all of them made by `buffer`, `scratch` or `builder`. The body is built by `body`, whose
  /// arguments have the types of `arguments`. Kernels of operations that are equal in name,
  /// attributes, types and place of the launch are built once: `body` must depend on nothing else.
  /// `name` is short and lower_case, e.g. "forward"; it is for people who read dumps and profiles.
  /// `contractions` is this launch's part of the operation's FLOPs, relative to those of the
  /// operation's other launches; where all are 0, the last launch has them all.
  virtual void launch(llvm::StringRef name, mlir::OpFoldResult tasks, mlir::ValueRange arguments,
                      KernelBody body, int64_t contractions = 0) = 0;

  /// Memory of `type` that a kernel fills from `source`, an operand of the operation, and from nothing
  /// else, e.g. a matrix packed for a product; its arguments are the buffer of `source` and that
  /// memory. Filled once for all operations that ask for the same, and before a loop that does not
  /// change `source`: nobody may write it. The body must depend on nothing but `name`, the types
  /// and `key`.
  virtual mlir::Value prepare(llvm::StringRef name, mlir::Value source, llvm::ArrayRef<int64_t> key,
                              mlir::MemRefType type, int64_t tasks, KernelBody body);

  /// Ends the entry with an error if an element of `ids` (memref of i32) is outside [low, high).
  /// `message` says what was expected, e.g. "tokens: expected ids in [0, 260)".
  virtual void requireRange(mlir::Value ids, int64_t low, int64_t high,
                            llvm::StringRef message) = 0;

  /// Shorthand for a static number of tasks.
  void launch(llvm::StringRef name, int64_t tasks, mlir::ValueRange arguments, KernelBody body,
              int64_t contractions = 0) {
    launch(name, mlir::OpFoldResult(builder().getIndexAttr(tasks)), arguments, body, contractions);
  }
};

} // namespace dreamer

#include "lib/Kernels/KernelOpInterface.h.inc"

#endif // DREAMER_LIB_KERNELS_KERNELOPINTERFACE_H

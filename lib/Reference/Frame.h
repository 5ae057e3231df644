// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation sees while it is interpreted: the values computed so far.

#ifndef DREAMER_LIB_REFERENCE_FRAME_H
#define DREAMER_LIB_REFERENCE_FRAME_H

#include "lib/Reference/Tensor.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/LogicalResult.h"
#include <memory>

namespace dreamer::reference {

struct Options {
  /// Whether values of bf16 are rounded; otherwise they keep f64, and the reference of a narrowed
  /// program is the exact one.
  bool roundBF16 = false;
};

/// The values of one function call.
class Frame {
public:
  Frame(const Options &options, int64_t &flops) : options(options), flops(flops) {}

  const Tensor &get(mlir::Value value) const { return *values.find(value)->second; }
  const Floats &floats(mlir::Value value) const { return std::get<Floats>(get(value)); }
  const Ints &ints(mlir::Value value) const { return std::get<Ints>(get(value)); }
  int64_t index(mlir::Value value) const { return std::get<int64_t>(get(value)); }

  /// Gives `value` its tensor, rounded where the value is bf16 and the options ask for it. References to
  /// other values stay valid.
  void set(mlir::Value value, Tensor tensor);

  /// Runs the operations of `block` up to its terminator.
  llvm::LogicalResult run(mlir::Block &block);

  /// Counts floating-point operations of a contraction; a multiply-add is two.
  void countFlops(int64_t count) { flops += count; }

private:
  const Options &options;
  int64_t &flops;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Tensor>> values;
};

/// The shape that the type of `value` declares.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}

/// A tensor of the shape and element kind of `type`, filled.
Tensor filled(mlir::Type type, double floats, int32_t integers);

/// Whether `tensor` has the shape and element kind of `type` (f64 stands for any float).
bool hasType(const Tensor &tensor, mlir::Type type);

} // namespace dreamer::reference

#include "lib/Reference/ReferenceOpInterface.h.inc"

#endif // DREAMER_LIB_REFERENCE_FRAME_H

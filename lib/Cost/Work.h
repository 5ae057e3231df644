// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one execution of an operation does, in the mean over all executions of a function with
// depths at their bounds.

#ifndef DREAMER_LIB_COST_WORK_H
#define DREAMER_LIB_COST_WORK_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"

namespace dreamer {

class Work {
public:
  explicit Work(mlir::FunctionOpInterface function);

  /// FLOPs of contractions.
  int64_t flopsOf(mlir::Operation *op) const;

  /// The bytes that `op` touches of `value`, its operand or result; all where `op` does not say.
  int64_t touchedBytes(mlir::Operation *op, mlir::Value value) const;

private:
  struct Sum {
    int64_t executions = 0, total = 0;

    void add(int64_t amount) { ++executions, total += amount; }
    int64_t mean() const { return executions ? (total + executions / 2) / executions : 0; }
  };

  llvm::DenseMap<mlir::Operation *, Sum> flops;
  llvm::DenseMap<std::pair<mlir::Operation *, mlir::Value>, Sum> touched;
};

} // namespace dreamer

#endif // DREAMER_LIB_COST_WORK_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every execution of every operation of a function, loops over depth unrolled: what
// counting needs of running a function, without its values.

#ifndef DREAMER_LIB_COST_EXECUTION_H
#define DREAMER_LIB_COST_EXECUTION_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace dreamer {

/// Walks a function as it executes with all depths at their bounds.
class Execution {
public:
  /// Called for each execution of an operation, loops themselves included (once).
  using Visitor = llvm::function_ref<void(mlir::Operation *op)>;

  void run(mlir::FunctionOpInterface function, Visitor visit);

  /// The value of an `index` in the execution that is being visited: a depth, a constant,
  /// or arithmetic on them. Nothing for a value that only running the function gives.
  std::optional<int64_t> index(mlir::Value value) const;

private:
  void runBlock(mlir::Block &block, Visitor visit);

  llvm::DenseMap<mlir::Value, int64_t> known;
};

} // namespace dreamer

#endif // DREAMER_LIB_COST_EXECUTION_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What there is to tune in a program.

#ifndef DREAMER_LIB_TUNER_TASKS_H
#define DREAMER_LIB_TUNER_TASKS_H

#include "lib/Tuner/Isolate.h"
#include "lib/TuningDatabase/Key.h"
#include <vector>

namespace dreamer::tuning {

/// Kernels with one key.
struct Task {
  Isolated isolated;
  Key key;
  int64_t flops = 0; ///< of one execution
  int64_t total = 0; ///< of all executions in all functions of the program
};

/// The different operations with parameters in a module of the program phase; those that do most of its
/// work come first.
std::vector<Task> collectTasks(mlir::ModuleOp program, const KernelTarget &target,
                               llvm::StringRef device);

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNER_TASKS_H

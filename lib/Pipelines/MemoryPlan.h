// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a training step keeps for its reverse pass and what it computes again.

#ifndef DREAMER_LIB_PIPELINES_MEMORYPLAN_H
#define DREAMER_LIB_PIPELINES_MEMORYPLAN_H

#include "mlir/IR/BuiltinOps.h"
#include "passes/Passes.h"
#include <string>

namespace dreamer {

/// Decides for the training entries of a module of the model phase what is computed again. With
/// `options.recomputeCheap`, that is at least what is as cheap as keeping it (`MemoryStep::isCheap`). Under
/// `options.memoryBudget`, it is as much as it takes to fit into so many bytes, all buffers counted: arena,
/// parameters, moments, gradients, inputs and outputs.
///
/// Steps towards less memory are put in order by what they cost for each byte that they free:
/// a forward value of a loop is computed again instead of kept, gradients are deferred over fewer steps.
/// What a step costs are FLOPs, and traffic at 8 FLOPs a byte. The shortest run of steps that fits is
/// found by planning the entries for all `targets`, a few times, with the planner that the package is made
/// with. Operations to compute again get the attribute `dreamer.recompute`, `options.deferWindow` is
/// set, and the decisions are written down in `dreamer.plan`.
///
/// Fails, after an error that tells the least budget, where none fits. Without a budget, a module that
/// does not train is left alone.
mlir::LogicalResult planMemory(mlir::ModuleOp module, ProgramOptions &options,
                               llvm::ArrayRef<std::string> targets);

/// Whether the training entries of a module of the kernels phase fit into `budget` bytes in all
/// variants; an error if not.
mlir::LogicalResult checkBudget(mlir::ModuleOp module, int64_t budget);

} // namespace dreamer

#endif // DREAMER_LIB_PIPELINES_MEMORYPLAN_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes on the Dreamer dialect.

#ifndef DREAMER_PASSES_PASSES_H
#define DREAMER_PASSES_PASSES_H

#include "mlir/Pass/PassManager.h"
#include "passes/DeferGradients/DeferGradients.h"
#include "passes/Differentiate/Differentiate.h"
#include "passes/FuseProducts/FuseProducts.h"
#include "passes/FuseTiles/FuseTiles.h"
#include <string>
#include <vector>

namespace dreamer {

/// What of a model is compiled, and how.
struct ProgramOptions {
  std::vector<std::string> entries; ///< entry points; none: all
  Recompute recompute = Recompute::None;
  bool recomputeCheap = true;      ///< what costs no more than to keep it is computed again
  Defer defer = Defer::Auto;       ///< which weight gradients are made of many depths at once
  int64_t deferWindow = 0;         ///< of so many depths at most; 0: of all
  int64_t memoryBudget = 0;        ///< bytes that a training entry may take; 0: any
  int64_t microBatches = 1;        ///< parts of the batch whose gradients add up
  bool accumulateGradients = true; ///< gradients and products are added by what makes them
  When fuseProducts = When::Auto;  ///< products that a loss reduces
  When fuseTiles =
      When::Auto; ///< products with what follows from their tiles; by the kernels phase
  bool narrowMatrices = false; ///< operands of matrix products are bf16
};

/// From the model phase to the program phase: entry points with all that they need, in a
/// canonical form.
void addProgramPipeline(mlir::OpPassManager &passes, const ProgramOptions &options);

/// From whole tensors to kernels over planned buffers, for each of the targets.
void addKernelsPipeline(mlir::OpPassManager &passes, const ProgramOptions &options,
                        llvm::ArrayRef<std::string> targets);

/// Makes the passes known by their names, for pass pipelines given as text.
void registerDreamerPasses();

} // namespace dreamer

#endif // DREAMER_PASSES_PASSES_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the kernels phase to the LLVM dialect, for processors.

#ifndef DREAMER_PASSES_LOWERTOLLVM_LOWERTOLLVM_H
#define DREAMER_PASSES_LOWERTOLLVM_LOWERTOLLVM_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include <memory>

namespace dreamer {

#define GEN_PASS_DECL
#include "passes/LowerToLLVM/LowerToLLVM.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/LowerToLLVM/LowerToLLVM.h.inc"

/// Adds all passes from the kernels phase to the LLVM dialect. `pm` runs on the outer module.
void addLowerToLLVMPipeline(mlir::OpPassManager &pm);

/// Makes that pipeline known as `dreamer-lower-to-llvm`.
void registerLowerToLLVMPipeline();

} // namespace dreamer

#endif // DREAMER_PASSES_LOWERTOLLVM_LOWERTOLLVM_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels from files: LLVM IR as it is, MLIR after it is lowered.

#ifndef DREAMER_EMULATOR_SOURCE_SOURCE_H
#define DREAMER_EMULATOR_SOURCE_SOURCE_H

#include "lib/Emulator/Rewrite/Jit.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/LogicalResult.h"

#include <optional>

namespace dreamer::emulator {

/// The dialects that modules of kernels are written in: gpu, nvgpu, nvvm and those beside them.
void registerKernelDialects(mlir::DialectRegistry &registry);

/// Loads the first gpu.module of a file of MLIR, lowered from gpu and nvgpu to nvvm where that was
/// not done, or the module of a file of LLVM IR (.ll, .bc). What is wrong is told through the
/// context's diagnostics. Places of the MLIR file become those of reports.
std::optional<LoadedModule> loadKernels(mlir::MLIRContext &context, llvm::StringRef path,
                                        const RewriteOptions &options);

/// The same for the text of a module of MLIR.
std::optional<LoadedModule> loadKernelsFromText(mlir::MLIRContext &context, llvm::StringRef text,
                                                const RewriteOptions &options);

/// The module for NVPTX's code generator that loadKernels makes, before it is rewritten.
std::unique_ptr<llvm::Module> translateKernels(mlir::MLIRContext &context, llvm::StringRef path,
                                               llvm::LLVMContext &llvmContext);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_SOURCE_SOURCE_H

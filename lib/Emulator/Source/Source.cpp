// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Source/Source.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

namespace dreamer::emulator {

void registerKernelDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
}

/// From gpu and nvgpu to nvvm, as for NVPTX. All of it leaves alone what is lowered already. The
/// conversion to nvvm knows gpu's memory spaces and vectors in them; the one of vectors alone, which
/// takes what is left, does not.
static constexpr llvm::StringRef lowering =
    "builtin.module(convert-nvgpu-to-nvvm,"
    "gpu.module(expand-strided-metadata,convert-vector-to-scf,convert-scf-to-cf,lower-affine,"
    "convert-gpu-to-nvvm{use-bare-ptr-memref-call-conv=true index-bitwidth=64}),"
    "convert-vector-to-llvm,"
    "gpu.module(canonicalize,cse,convert-index-to-llvm,reconcile-unrealized-casts),"
    "convert-nvvm-to-llvm,reconcile-unrealized-casts,"
    "ensure-debug-info-scope-on-llvm-func{emission-kind=LineTablesOnly})";

static bool lower(ModuleOp module) {
  static bool registered = [] {
    registerAllPasses();
    return true;
  }();
  (void)registered;
  PassManager passes(module.getContext());
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  FailureOr<OpPassManager> parsed = parsePassPipeline(lowering, stream);
  if (failed(parsed)) {
    module.emitError("cannot make the passes that lower kernels: ") << problem;
    return false;
  }
  static_cast<OpPassManager &>(passes) = *parsed;
  return succeeded(passes.run(module));
}

static std::unique_ptr<llvm::Module> translate(ModuleOp module, llvm::LLVMContext &llvmContext) {
  if (!lower(module))
    return nullptr;
  gpu::GPUModuleOp kernels;
  module.walk([&](gpu::GPUModuleOp found) {
    if (!kernels)
      kernels = found;
  });
  if (!kernels) {
    module.emitError("expected a gpu.module with kernels, found none");
    return nullptr;
  }
  return translateModuleToLLVMIR(kernels, llvmContext);
}

std::unique_ptr<llvm::Module> translateKernels(MLIRContext &context, llvm::StringRef path,
                                               llvm::LLVMContext &llvmContext) {
  if (path.ends_with(".ll") || path.ends_with(".bc")) {
    llvm::SMDiagnostic diagnostic;
    std::unique_ptr<llvm::Module> module = readModule(path, diagnostic, llvmContext);
    if (!module) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      diagnostic.print(nullptr, stream, false);
      emitError(UnknownLoc::get(&context), "cannot read ")
          << path << ": " << llvm::StringRef(text).trim();
    }
    return module;
  }
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, &context);
  return module ? translate(*module, llvmContext) : nullptr;
}

static std::optional<LoadedModule> finish(MLIRContext &context, KernelModule source,
                                          const RewriteOptions &options) {
  if (!source.module)
    return std::nullopt;
  llvm::Expected<LoadedModule> loaded = load(std::move(source), options);
  if (!loaded) {
    emitError(UnknownLoc::get(&context), llvm::toString(loaded.takeError()));
    return std::nullopt;
  }
  return std::move(*loaded);
}

std::optional<LoadedModule> loadKernels(MLIRContext &context, llvm::StringRef path,
                                        const RewriteOptions &options) {
  KernelModule source;
  source.module = translateKernels(context, path, *source.context);
  return finish(context, std::move(source), options);
}

std::optional<LoadedModule> loadKernelsFromText(MLIRContext &context, llvm::StringRef text,
                                                const RewriteOptions &options) {
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(text, &context);
  if (!parsed)
    return std::nullopt;
  KernelModule source;
  source.module = translate(*parsed, *source.context);
  return finish(context, std::move(source), options);
}

} // namespace dreamer::emulator

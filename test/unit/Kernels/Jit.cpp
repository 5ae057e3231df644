// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Kernels/Jit.h"
#include "lib/Target/X86/Emulate.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "passes/LowerTileToVector/LowerTileToVector.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <utility>

using namespace mlir;

namespace dreamer::test {

static LogicalResult lower(ModuleOp module, const KernelTarget &target) {
  PassManager passes(module.getContext());
  LowerTileToVectorOptions options;
  options.vectorBits = target.vectorBits;
  options.features.assign(target.emulated.begin(), target.emulated.end());
  passes.addPass(createLowerTileToVector(options));
  passes.addPass(createExpandForCpuPass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createScheduleToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  return passes.run(module);
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

template <typename T>
static std::optional<T> take(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  llvm::errs() << llvm::toString(value.takeError()) << "\n";
  return std::nullopt;
}

std::unique_ptr<Jit> Jit::compile(ModuleOp module, const KernelTarget &target) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  if (failed(lower(module, target)))
    return nullptr;
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, *context);
  auto host = take(llvm::orc::JITTargetMachineBuilder::detectHost());
  if (!code || !host)
    return nullptr;
  auto machine = take(host->createTargetMachine());
  if (!machine)
    return nullptr;
  if (!target.emulated.empty())
    if (llvm::Error error = emulateNarrowProducts(*code)) {
      llvm::errs() << llvm::toString(std::move(error)) << "\n";
      return nullptr;
    }
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  for (llvm::Function &function : *code) {
    function.addFnAttr("target-cpu", (*machine)->getTargetCPU());
    function.addFnAttr("target-features", (*machine)->getTargetFeatureString());
  }
  optimize(*code, **machine);
  auto jit = take(llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(*host).create());
  if (!jit)
    return nullptr;
  if (llvm::Error error = (*jit)->addIRModule({std::move(code), std::move(context)})) {
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
    return nullptr;
  }
  auto result = std::make_unique<Jit>();
  result->jit = std::move(*jit);
  return result;
}

// Compiled code has no signature in front of it, where the sanitizer of function types would look.
template <size_t... i>
__attribute__((no_sanitize("function"))) static void
callWith(void *function, const int64_t *arguments, std::index_sequence<i...>) {
  using Function = void (*)(decltype(static_cast<int64_t>(i))...);
  reinterpret_cast<Function>(function)(arguments[i]...);
}

void Jit::call(StringRef name, ArrayRef<int64_t> arguments) const {
  auto address = take(jit->lookup(name));
  if (!address)
    return;
  // Surplus arguments do no harm: the caller removes them.
  int64_t all[64] = {};
  std::copy(arguments.begin(), arguments.end(), all);
  callWith(address->toPtr<void *>(), all, std::make_index_sequence<64>());
}

} // namespace dreamer::test

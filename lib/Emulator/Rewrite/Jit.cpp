// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Jit.h"

#include "lib/Emulator/Rewrite/DirectedRounding.h"
#include "lib/Emulator/Rewrite/NarrowFloats.h"
#include "lib/Emulator/Rewrite/Runtime.h"
#include "lib/Emulator/Rewrite/WordFunctions.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/ModuleSummaryIndex.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace dreamer::emulator {

LoadedModule::LoadedModule() = default;
LoadedModule::~LoadedModule() = default;
LoadedModule::LoadedModule(LoadedModule &&) noexcept = default;

const Kernel *LoadedModule::kernel(const std::string &name) const {
  for (const Kernel &kernel : all)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

/// What the code generator turns intrinsics into, and nothing else of the host's libraries.
static std::vector<std::pair<const char *, void *>> hostFunctions() {
#define FUNCTION(name)                                                                             \
  {                                                                                                \
    #name, reinterpret_cast<void *>(&::name)                                                       \
  }
  using F = float (*)(float);
  using D = double (*)(double);
#define MATH(name)                                                                                 \
  {#name, reinterpret_cast<void *>(static_cast<D>(&::name))}, {                                    \
    #name "f", reinterpret_cast<void *>(static_cast<F>(&::name##f))                                \
  }
  return {
      FUNCTION(memcpy),
      FUNCTION(memmove),
      FUNCTION(memset),
      MATH(exp2),
      MATH(exp),
      MATH(exp10),
      MATH(log2),
      MATH(log),
      MATH(log10),
      MATH(sin),
      MATH(cos),
      MATH(tan),
      MATH(tanh),
      MATH(sinh),
      MATH(cosh),
      MATH(asin),
      MATH(acos),
      MATH(atan),
      MATH(sqrt),
      MATH(floor),
      MATH(ceil),
      MATH(trunc),
      MATH(round),
      MATH(rint),
      MATH(roundeven),
      MATH(nearbyint),
      {"pow", reinterpret_cast<void *>(static_cast<double (*)(double, double)>(&::pow))},
      {"powf", reinterpret_cast<void *>(static_cast<float (*)(float, float)>(&::powf))},
      {"fmod", reinterpret_cast<void *>(static_cast<double (*)(double, double)>(&::fmod))},
      {"fmodf", reinterpret_cast<void *>(static_cast<float (*)(float, float)>(&::fmodf))},
      {"fmax", reinterpret_cast<void *>(static_cast<double (*)(double, double)>(&::fmax))},
      {"fmaxf", reinterpret_cast<void *>(static_cast<float (*)(float, float)>(&::fmaxf))},
      {"fmin", reinterpret_cast<void *>(static_cast<double (*)(double, double)>(&::fmin))},
      {"fminf", reinterpret_cast<void *>(static_cast<float (*)(float, float)>(&::fminf))},
      {"atan2", reinterpret_cast<void *>(static_cast<double (*)(double, double)>(&::atan2))},
      {"atan2f", reinterpret_cast<void *>(static_cast<float (*)(float, float)>(&::atan2f))},
      {"ldexp", reinterpret_cast<void *>(static_cast<double (*)(double, int)>(&::ldexp))},
      {"ldexpf", reinterpret_cast<void *>(static_cast<float (*)(float, int)>(&::ldexpf))},
  };
#undef MATH
#undef FUNCTION
}

/// Little more than what makes rewritten code small: kernels are loaded more often than they are long.
static void optimize(Module &module, StringRef passes) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  ModulePassManager manager;
  cantFail(builder.parsePassPipeline(manager, passes));
  manager.run(module, modules);
}

static void initialiseTarget() {
  static bool done = [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)done;
}

Expected<LoadedModule> load(KernelModule source, const RewriteOptions &options) {
  initialiseTarget();
  std::unique_ptr<Module> &module = source.module;
  if (!module->getTargetTriple().empty() && !module->getTargetTriple().isNVPTX())
    return createStringError("expected a module for nvptx64, found one for " +
                             module->getTargetTriple().str());
  auto machine = orc::JITTargetMachineBuilder::detectHost();
  if (!machine)
    return machine.takeError();
  machine->setCodeGenOptLevel(CodeGenOptLevel::Default);
  // These would truncate to bf16 without subnormal numbers, where a host has them.
  machine->addFeatures({"-avx512bf16", "-avxneconvert"});
  Expected<std::unique_ptr<orc::LLJIT>> jit =
      orc::LLJITBuilder().setJITTargetMachineBuilder(*machine).create();
  if (!jit)
    return jit.takeError();
  module->setTargetTriple((*jit)->getTargetTriple());
  module->setDataLayout((*jit)->getDataLayout());
  // Variables of the thread's own need no checks once they are values.
  optimize(*module, "function(sroa,early-cse,simplifycfg)");
  Expected<Rewritten> rewritten = rewrite(*module, options);
  if (!rewritten)
    return rewritten.takeError();
  optimize(*module, "function(sroa,instcombine<no-verify-fixpoint>,simplifycfg,early-cse<memssa>,"
                    "loop-mssa(licm),dce)");

  LoadedModule result;
  for (llvm::GlobalVariable &variable : module->globals()) {
    if (variable.isDeclaration() && !variable.hasInitializer()) {
      if (!variable.use_empty())
        return createStringError("the variable " + variable.getName() + " is only declared");
      continue;
    }
    variable.setLinkage(GlobalValue::ExternalLinkage);
    if (!variable.hasName())
      variable.setName("unnamed");
    result.globals.push_back({variable.getName().str(), nullptr,
                              module->getDataLayout().getTypeAllocSize(variable.getValueType()),
                              variable.isConstant() || variable.getAddressSpace() == 4});
  }
  orc::SymbolMap symbols;
  auto define = [&](StringRef name, void *address) {
    symbols[(*jit)->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(address),
                                              JITSymbolFlags::Exported};
  };
  for (auto [name, address] : runtimeFunctions())
    define(name, address);
  for (auto [name, address] : directedRoundingFunctions())
    define(name, address);
  for (auto [name, address] : narrowingFunctions())
    define(name, address);
  for (auto [name, address] : hostFunctions())
    define(name, address);
  for (const WordFunction &function : wordFunctions())
    define(function.symbol, function.address);
  orc::JITDylib &library = (*jit)->getMainJITDylib();
  if (Error error = library.define(orc::absoluteSymbols(std::move(symbols))))
    return std::move(error);
  if (Error error =
          (*jit)->addIRModule(orc::ThreadSafeModule(std::move(module), std::move(source.context))))
    return std::move(error);
  result.all = std::move(rewritten->kernels);
  for (Kernel &kernel : result.all) {
    Expected<orc::ExecutorAddr> entry = (*jit)->lookup(launchName(kernel.name));
    if (!entry)
      return entry.takeError();
    kernel.entry = entry->toPtr<void (*)(void *const *)>();
  }
  for (GlobalVariable &variable : result.globals) {
    Expected<orc::ExecutorAddr> address = (*jit)->lookup(variable.name);
    if (!address)
      return address.takeError();
    variable.address = address->toPtr<std::byte *>();
  }
  result.instructions = std::move(rewritten->instructions);
  result.jit = std::move(*jit);
  return std::move(result);
}

std::unique_ptr<Module> readModule(StringRef path, SMDiagnostic &diagnostic, LLVMContext &context) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file) {
    diagnostic = SMDiagnostic(path, SourceMgr::DK_Error, file.getError().message());
    return nullptr;
  }
  const auto *begin = reinterpret_cast<const unsigned char *>((*file)->getBufferStart());
  if (isBitcode(begin, begin + (*file)->getBufferSize()))
    return parseIR(**file, diagnostic, context);
  std::unique_ptr<Module> module =
      parseAssemblyFileWithIndexNoUpgradeDebugInfo(
          path, diagnostic, context, nullptr,
          [](StringRef, StringRef) -> std::optional<std::string> { return std::nullopt; })
          .Mod;
  std::string problem;
  raw_string_ostream stream(problem);
  bool brokenDebugInfo = false;
  if (module && verifyModule(*module, &stream, &brokenDebugInfo)) {
    diagnostic = SMDiagnostic(path, SourceMgr::DK_Error, problem);
    return nullptr;
  }
  if (module && brokenDebugInfo)
    StripDebugInfo(*module);
  return module;
}

std::string findLibdevice() {
  std::vector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable))
      folders.push_back(folder);
  folders.insert(folders.end(), {"/usr/local/cuda", "/usr/lib/cuda", "/opt/cuda"});
  for (const std::string &folder : folders)
    if (std::string file = folder + "/nvvm/libdevice/libdevice.10.bc"; sys::fs::exists(file))
      return file;
  return "";
}

} // namespace dreamer::emulator

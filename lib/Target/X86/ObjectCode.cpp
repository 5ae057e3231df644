// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/X86/ObjectCode.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Target/X86/Emulate.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <mutex>

using namespace mlir;
using namespace dreamer;

static constexpr StringLiteral tripleName = "x86_64-unknown-linux-gnu";

std::string dreamer::entrySymbol(StringRef entry, StringRef variant) {
  return (entry + "." + variant).str();
}

/// "+avx2,+fma": exactly what may be used.
static std::string featureString(const KernelTarget &target) {
  return llvm::join(
      llvm::map_range(target.features, [](const std::string &feature) { return "+" + feature; }),
      ",");
}

std::unique_ptr<llvm::TargetMachine> dreamer::createTargetMachine(const KernelTarget &target) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple(tripleName);
  std::string problem;
  const llvm::Target *x86 = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!x86)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  // A cache line: else how fast a short loop is depends on what the linker puts before it.
  options.LoopAlignment = 64;
  return std::unique_ptr<llvm::TargetMachine>(
      x86->createTargetMachine(triple, "x86-64", featureString(target), options, llvm::Reloc::PIC_,
                               llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
}

/// Runs code generation, to an object file or to assembly.
static LogicalResult generate(llvm::Module &module, llvm::TargetMachine &machine,
                              llvm::CodeGenFileType type, SmallVectorImpl<char> &output) {
  llvm::raw_svector_ostream stream(output);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    return failure();
  passes.run(module);
  return success();
}

FailureOr<ObjectCode> dreamer::emitObject(llvm::Module &module, llvm::TargetMachine &machine) {
  ObjectCode object;
  if (failed(generate(module, machine, llvm::CodeGenFileType::ObjectFile, object)))
    return failure();
  return object;
}

/// The same processor for every function, so that they can be inlined into each other.
static void setFunctionAttributes(llvm::Module &module, const KernelTarget &target) {
  std::string features = featureString(target);
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", "x86-64");
    function.addFnAttr("target-features", features);
    function.addFnAttr("tune-cpu", target.tune);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBits));
    function.addFnAttr("min-legal-vector-width", std::to_string(target.vectorBits));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  functions.registerPass([&] { return machine.getTargetIRAnalysis(); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

/// Entries become <entry>.<variant>, seen by the linker but not outside the package.
static std::vector<std::string> renameEntries(ModuleOp variant, llvm::Module &module,
                                              StringRef name) {
  std::vector<std::string> entries;
  for (auto function : variant.getOps<LLVM::LLVMFuncOp>()) {
    if (!function->hasAttr(schedule::attribute::entry))
      continue;
    entries.push_back(function.getName().str());
    llvm::Function *compiled = module.getFunction(function.getName());
    compiled->setName(entrySymbol(function.getName(), name));
    compiled->setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
  return entries;
}

/// Kernels whose code several kernels or variants use get its symbol, seen by the linker but not outside
/// the package.
static void renameShared(ModuleOp variant, llvm::Module &module) {
  auto rename = [&](bool declarations) {
    for (auto function : variant.getOps<LLVM::LLVMFuncOp>()) {
      auto symbol = function->getAttrOfType<StringAttr>(schedule::attribute::shared);
      if (!symbol || function.isExternal() != declarations)
        continue;
      llvm::Function *compiled = module.getFunction(function.getName());
      if (llvm::Function *known = module.getFunction(symbol.getValue())) {
        compiled->replaceAllUsesWith(known);
        compiled->eraseFromParent();
        continue;
      }
      compiled->setName(symbol.getValue());
      compiled->setLinkage(llvm::GlobalValue::ExternalLinkage);
      compiled->setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
  };
  rename(/*declarations=*/false);
  rename(/*declarations=*/true);
}

static LogicalResult writeArtifact(ModuleOp variant, StringRef folder, const Twine &name,
                                   llvm::function_ref<void(raw_ostream &)> write) {
  SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  std::error_code problem;
  llvm::raw_fd_ostream file(path, problem);
  if (!problem)
    write(file);
  if (problem || file.has_error()) {
    file.clear_error();
    return variant.emitError() << "cannot write '" << path << "': " << problem.message();
  }
  return success();
}

static LogicalResult writeArtifacts(ModuleOp variant, StringRef folder, StringRef name,
                                    llvm::Module &module, llvm::TargetMachine &machine) {
  if (failed(writeArtifact(variant, folder, name + ".ll",
                           [&](raw_ostream &os) { module.print(os, nullptr); })))
    return failure();
  SmallVector<char, 0> assembly;
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module); // code generation changes it
  if (failed(generate(*copy, machine, llvm::CodeGenFileType::AssemblyFile, assembly)))
    return failure();
  return writeArtifact(variant, folder, name + ".s",
                       [&](raw_ostream &os) { os << StringRef(assembly.data(), assembly.size()); });
}

FailureOr<VariantCode> dreamer::compileVariant(ModuleOp variant, StringRef artifacts) {
  auto attribute = variant->getAttrOfType<DictionaryAttr>(schedule::attribute::target);
  std::optional<KernelTarget> target =
      attribute ? KernelTarget::fromAttribute(attribute) : std::nullopt;
  if (!target)
    return variant.emitError() << "expected '" << schedule::attribute::target
                               << "' = {name, tune, features, vector_bits}, found " << attribute;
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(*target);
  if (!machine)
    return variant.emitError() << "expected an LLVM with the X86 backend";

  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(variant, context, target->name);
  if (!module)
    return failure();
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  if (!target->emulated.empty())
    if (llvm::Error error = emulateNarrowProducts(*module))
      return variant.emitError() << llvm::toString(std::move(error));
  VariantCode code{*target, renameEntries(variant, *module, target->name), {}};
  renameShared(variant, *module);
  setFunctionAttributes(*module, *target);
  optimize(*module, *machine);
  if (!artifacts.empty() &&
      failed(writeArtifacts(variant, artifacts, target->name, *module, *machine)))
    return failure();
  FailureOr<ObjectCode> object = emitObject(*module, *machine);
  if (failed(object))
    return variant.emitError() << "LLVM cannot write object files for x86-64";
  code.object = std::move(*object);
  return code;
}

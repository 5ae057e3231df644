// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Pipelines/Compiler.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "lib/Cost/Report.h"
#include "lib/Kernels/Kernels.h"
#include "lib/Package/Manifest.h"
#include "lib/Package/Package.h"
#include "lib/Pipelines/MemoryPlan.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/Extensions/AllExtensions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Threading.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "passes/ApplyTuning/ApplyTuning.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace dreamer;

std::optional<Phase> dreamer::phaseNamed(StringRef name) {
  const auto *found = llvm::find(phaseNames, name);
  if (found == std::end(phaseNames))
    return std::nullopt;
  return Phase(found - std::begin(phaseNames));
}

void dreamer::registerCompilerDialects(DialectRegistry &registry) {
  registry.insert<DreamerDialect, schedule::ScheduleDialect, tile::TileDialect>();
  // What IR of the kernels and the target phase may hold.
  registry
      .insert<affine::AffineDialect, amx::AMXDialect, arith::ArithDialect, cf::ControlFlowDialect,
              func::FuncDialect, linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect,
              memref::MemRefDialect, scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
  registerKernelModels(registry);
  func::registerAllExtensions(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

bool dreamer::checkEntries(ArrayRef<std::string> entries, std::string &problem) {
  static constexpr StringLiteral known[] = {"score", "gradients", "train_step", "prefill",
                                            "decode"};
  for (StringRef entry : entries)
    if (!llvm::is_contained(known, entry)) {
      problem = "expected entry points of " + llvm::join(ArrayRef(known), ", ") + "; found '" +
                entry.str() + "'";
      return false;
    }
  return true;
}

bool dreamer::multipliesNarrow(ModuleOp program) {
  auto isNarrow = [](Type type) { return getElementTypeOrSelf(type).isBF16(); };
  auto visit = [&](Operation *op) {
    return llvm::any_of(op->getResultTypes(), isNarrow) ? WalkResult::interrupt()
                                                        : WalkResult::advance();
  };
  return program.walk(visit).wasInterrupted();
}

std::optional<std::vector<std::string>> dreamer::variantsOf(ArrayRef<std::string> targets,
                                                            bool narrow, std::string &problem) {
  const std::string everyone = "cpu";
  std::vector<KernelTarget> variants;
  auto add = [&](StringRef name) {
    std::optional<KernelTarget> variant = KernelTarget::named(name, problem);
    if (variant)
      variants.push_back(std::move(*variant));
    return variant.has_value();
  };
  for (StringRef target : targets.empty() ? ArrayRef(everyone) : targets) {
    if (target == "cpu") {
      llvm::for_each(KernelTarget::usualNames(narrow), add);
    } else if (target.consume_front("cpu:")) {
      if (!add(target))
        return std::nullopt;
    } else if (target.starts_with("nvidia")) {
      problem =
          "the target '" + target.str() + "' is not yet in this version; use cpu or cpu:native";
      return std::nullopt;
    } else {
      problem = "expected cpu or cpu:native as a target, found '" + target.str() + "'";
      return std::nullopt;
    }
  }
  // A loader takes the last that fits.
  auto rank = [](const KernelTarget &variant) {
    return std::pair(llvm::popcount(variant.featureBits()), StringRef(variant.name));
  };
  llvm::sort(variants, [&](const auto &a, const auto &b) { return rank(a) < rank(b); });
  std::vector<std::string> names;
  for (const KernelTarget &variant : variants)
    if (names.empty() || names.back() != variant.name)
      names.push_back(variant.name);
  return names;
}

static LogicalResult runPasses(ModuleOp module, const CompilerOptions &options,
                               llvm::function_ref<void(PassManager &)> add) {
  PassManager passes(module->getContext());
  if (options.configurePasses && failed(options.configurePasses(passes)))
    return failure();
  add(passes);
  return passes.run(module);
}

/// The variants that the options ask for; an error of the module if there are no such.
static FailureOr<std::vector<std::string>> variantsFor(ModuleOp module,
                                                       const CompilerOptions &options) {
  bool narrow =
      (options.from == Phase::Model && options.program.narrowMatrices) || multipliesNarrow(module);
  std::string problem;
  std::optional<std::vector<std::string>> variants = variantsOf(options.targets, narrow, problem);
  if (!variants)
    return module.emitError() << problem;
  return *variants;
}

LogicalResult dreamer::buildProgram(ModuleOp module, const CompilerOptions &options) {
  ProgramOptions program = options.program;
  if (program.memoryBudget || program.recomputeCheap) {
    FailureOr<std::vector<std::string>> variants = variantsFor(module, options);
    if (failed(variants) || failed(planMemory(module, program, *variants)))
      return failure();
  }
  return runPasses(module, options,
                   [&](PassManager &passes) { addProgramPipeline(passes, program); });
}

namespace {

/// One compilation. Each phase has a function that brings the module to it.
class Compilation {
public:
  Compilation(ModuleOp module, const CompilerOptions &options, StringRef output)
      : module(module), options(options), output(output) {}

  LogicalResult run() {
    if (options.to < options.from)
      return module.emitError() << "expected to stop at '" << phaseNames[int(options.from)]
                                << "' or later, found '" << phaseNames[int(options.to)] << "'";
    if (!options.tuningDatabase.empty() && options.from > Phase::Program)
      return module.emitError()
             << "expected a module of the model or the program phase to tune, found "
                "one of the '"
             << phaseNames[int(options.from)] << "' phase";
    for (StringRef folder : {options.dumpPhases, options.dumpArtifacts})
      if (!folder.empty())
        if (std::error_code problem = llvm::sys::fs::create_directories(folder))
          return module.emitError()
                 << "cannot create the folder '" << folder << "': " << problem.message();
    if (options.from == Phase::Model)
      model = modelBytecode(module);
    if (failed(dump(options.from)))
      return failure();
    for (int phase = int(options.from) + 1; phase <= int(options.to); ++phase) {
      report(phaseNames[phase]);
      if (failed(enter(Phase(phase))) || failed(dump(Phase(phase))))
        return failure();
    }
    report("");
    return success();
  }

private:
  void report(StringRef phase) const {
    if (options.progress)
      options.progress(phase);
  }

  LogicalResult enter(Phase phase) {
    switch (phase) {
    case Phase::Model:
      return success();
    case Phase::Program:
      if (failed(buildProgram(module, options)))
        return failure();
      return applyTuning();
    case Phase::Kernels:
      return enterKernels();
    case Phase::Target:
      return enterTarget();
    case Phase::Package:
      return enterPackage();
    }
    llvm_unreachable("all phases are handled");
  }

  LogicalResult runPasses(llvm::function_ref<void(PassManager &)> add) {
    return ::runPasses(module, options, add);
  }

  /// The last step of the program phase.
  LogicalResult applyTuning() {
    FailureOr<std::vector<std::string>> targets = variantsFor(module, options);
    if (failed(targets) || options.tuningDatabase.empty())
      return failure(failed(targets));
    return runPasses([&](PassManager &passes) {
      ApplyTuningOptions tuning;
      tuning.database = options.tuningDatabase;
      tuning.targets.assign(targets->begin(), targets->end());
      passes.addPass(createApplyTuning(std::move(tuning)));
    });
  }

  LogicalResult enterKernels() {
    FailureOr<std::vector<std::string>> targets = variantsFor(module, options);
    if (failed(targets) || (options.from == Phase::Program && failed(applyTuning())))
      return failure();
    addCost();
    LogicalResult result = runPasses([&](PassManager &passes) {
      addKernelsPipeline(passes, options.program, *targets);
      passes.addPass(createCanonicalizerPass());
      passes.addPass(createCSEPass());
    });
    if (failed(result) || !options.program.memoryBudget)
      return result;
    return checkBudget(module, options.program.memoryBudget);
  }

  /// A report of the program's cost, for those who ask a package.
  void addCost() {
    ScopedDiagnosticHandler quiet(module->getContext(), [](Diagnostic &) { return success(); });
    FailureOr<CostReport> report = accountModel(module);
    if (failed(report))
      return; // functions that are no model's have none
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(reportToJSON(*report));
    module->setAttr(schedule::attribute::cost, StringAttr::get(module->getContext(), text));
  }

  LogicalResult enterTarget() {
    numberLaunches(module);
    FailureOr<llvm::json::Object> manifest = buildManifest(module, options.flags);
    if (failed(manifest))
      return failure();
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(std::move(*manifest));
    module->setAttr(schedule::attribute::manifest, StringAttr::get(module->getContext(), text));
    return runPasses([](PassManager &passes) { addLowerToLLVMPipeline(passes); });
  }

  LogicalResult enterPackage() {
    auto text = module->getAttrOfType<StringAttr>(schedule::attribute::manifest);
    llvm::Expected<llvm::json::Value> manifest =
        llvm::json::parse(text ? text.getValue() : StringRef("null"));
    if (!manifest || !manifest->getAsObject()) {
      if (!manifest)
        llvm::consumeError(manifest.takeError());
      return module.emitError() << "expected a module of the target phase, with a manifest as '"
                                << schedule::attribute::manifest << "'";
    }
    PackageContents contents{std::move(*manifest->getAsObject()), model, {}};
    SmallVector<ModuleOp> variants(module.getOps<ModuleOp>());
    contents.variants.resize(variants.size());
    auto compileOne = [&](size_t i) -> LogicalResult {
      FailureOr<VariantCode> code = compileVariant(variants[i], options.dumpArtifacts);
      if (failed(code))
        return failure();
      contents.variants[i] = std::move(*code);
      return success();
    };
    if (failed(failableParallelForEachN(module->getContext(), 0, variants.size(), compileOne)))
      return failure();
    if (llvm::Error error = writePackage(contents, output))
      return module.emitError() << llvm::toString(std::move(error));
    return success();
  }

  LogicalResult dump(Phase phase) {
    if (options.dumpPhases.empty() || phase == Phase::Package)
      return success();
    SmallString<128> path(options.dumpPhases);
    llvm::sys::path::append(path,
                            llvm::Twine(int(phase) + 1) + "-" + phaseNames[int(phase)] + ".mlir");
    std::error_code problem;
    llvm::raw_fd_ostream file(path, problem);
    if (!problem) {
      module->print(file);
      file.close();
      problem = file.error();
      file.clear_error();
    }
    if (problem)
      return module.emitError() << "cannot write '" << path << "': " << problem.message();
    return success();
  }

  ModuleOp module;
  const CompilerOptions &options;
  StringRef output;
  std::string model;
};

} // namespace

LogicalResult dreamer::compile(ModuleOp module, const CompilerOptions &options, StringRef output) {
  return Compilation(module, options, output).run();
}

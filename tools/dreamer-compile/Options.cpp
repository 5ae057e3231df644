// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-compile/Options.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Regex.h"
#include <limits>

using namespace mlir;
using namespace dreamer;
namespace cl = llvm::cl;

static const char *toolName = ToolName().name;

int dreamer::fail(const llvm::Twine &message) {
  llvm::errs() << toolName << ": " << message << "\n";
  return 1;
}

bool dreamer::usageError(const llvm::Twine &message) {
  fail(message);
  return false;
}

namespace {

cl::OptionCategory category("Dreamer options");

cl::opt<std::string> inputFile(cl::Positional, cl::desc("<model.yaml | phase.mlir | package>"),
                               cl::cat(category));
cl::opt<std::string> outputFile("o", cl::desc("Where the result goes; - is standard output"),
                                cl::value_desc("file"), cl::init("-"), cl::cat(category));
cl::list<std::string> overrides("set",
                                cl::desc("Change a key of the description, e.g. core.depth=8, "
                                         "training.clip_norm=0, stack.0.recur.name=loop"),
                                cl::value_desc("path=value"), cl::cat(category));
cl::list<std::string> depths("depth", cl::desc("Steps of a `recur` block, e.g. core=16"),
                             cl::value_desc("block=n"), cl::CommaSeparated, cl::cat(category));
cl::opt<int64_t> batch("batch", cl::desc("Sequences of a batch (default 1)"), cl::init(1),
                       cl::cat(category));
cl::opt<int64_t> context("context",
                         cl::desc("Positions of a sequence (default: as the description says)"),
                         cl::init(0), cl::cat(category));
cl::list<std::string> entries("entry",
                              cl::desc("Entry points of the package: score, gradients, train_step, "
                                       "prefill, decode (default: all)"),
                              cl::value_desc("name"), cl::CommaSeparated, cl::cat(category));
cl::opt<std::string> dtype("dtype", cl::desc("Element type of matrix products: f32 or bf16"),
                           cl::value_desc("type"), cl::init("f32"), cl::cat(category));
enum class Again { None, Cheap, Depth };
cl::opt<Again> recompute(
    "recompute", cl::desc("What training computes again instead of keeping it"),
    cl::values(clEnumValN(Again::None, "none", "nothing"),
               clEnumValN(Again::Cheap, "cheap", "what costs no more than keeping it (default)"),
               clEnumValN(Again::Depth, "depth", "each step of a loop over depth")),
    cl::init(Again::Cheap), cl::cat(category));
cl::opt<std::string> memoryBudget(
    "memory-budget",
    cl::desc("What a training entry may take in all its buffers, e.g. 600M or 2GiB: the "
             "cheapest values for each byte are computed again instead of kept"),
    cl::value_desc("size"), cl::cat(category));
cl::opt<Defer> deferGradients(
    "defer-gradients",
    cl::desc("Which weight gradients of a loop over depth are made of many depths at once"),
    cl::values(clEnumValN(Defer::None, "none", "none"),
               clEnumValN(Defer::Auto, "auto", "where it pays (default)"),
               clEnumValN(Defer::All, "all", "all that can be")),
    cl::init(Defer::Auto), cl::cat(category));
cl::opt<int64_t> deferWindow("defer-window",
                             cl::desc("Depths whose gradients are made at once, at most (default: "
                                      "as many as it takes)"),
                             cl::value_desc("n"), cl::init(0), cl::cat(category));
cl::opt<int64_t> microBatches("micro-batches",
                              cl::desc("Parts of the batch whose gradients add up (default 1)"),
                              cl::value_desc("n"), cl::init(1), cl::cat(category));
cl::opt<When> fuseProducts(
    "fuse-products",
    cl::desc("Whether the logits of training are made and reduced some positions at a time"),
    cl::values(clEnumValN(When::Auto, "auto", "where they are large (default)"),
               clEnumValN(When::Always, "always", "yes"), clEnumValN(When::Never, "never", "no")),
    cl::init(When::Auto), cl::cat(category));
cl::opt<bool> accumulateGradients(
    "accumulate-gradients",
    cl::desc("Whether gradients and products are added to sums by what makes them (default)"),
    cl::init(true), cl::cat(category));
cl::opt<When> fuseTiles(
    "fuse-tiles",
    cl::desc(
        "Whether norms, rotations and residuals are computed with the product that they follow"),
    cl::values(clEnumValN(When::Auto, "auto", "where it pays (default)"),
               clEnumValN(When::Always, "always", "wherever it is possible"),
               clEnumValN(When::Never, "never", "nowhere")),
    cl::init(When::Auto), cl::cat(category));
cl::opt<std::string>
    remarks("remarks",
            cl::desc("Say what was optimized and what was not, and why; remarks of "
                     "the categories that match (default: all), e.g. fuse"),
            cl::value_desc("regex"), cl::ValueOptional, cl::cat(category));
cl::list<std::string>
    targets("target",
            cl::desc("Machines: cpu (any from x86-64-v3 on, default), cpu:native (this one), "
                     "cpu:x86-64-v3, cpu:x86-64-v4, cpu:x86-64-v4-bf16, cpu:x86-64-v4-amx"),
            cl::value_desc("target"), cl::CommaSeparated, cl::cat(category));
cl::opt<std::string>
    compileFrom("compile-from",
                cl::desc("What an .mlir file is: model (default), program, kernels "
                         "or target"),
                cl::value_desc("phase"), cl::init("model"), cl::cat(category));
cl::opt<std::string>
    compileTo("compile-to",
              cl::desc("Stop after this phase: model, program, kernels, target or "
                       "package (default: package if -o names a file that does not "
                       "end in .mlir, else model)"),
              cl::value_desc("phase"), cl::cat(category));
cl::opt<std::string> dumpPhases("dump-phases-to",
                                cl::desc("Write each phase: 1-model.mlir, 2-program.mlir, ..."),
                                cl::value_desc("folder"), cl::cat(category));
cl::opt<std::string> dumpArtifacts("dump-artifacts-to",
                                   cl::desc("Write LLVM IR and assembly of each variant"),
                                   cl::value_desc("folder"), cl::cat(category));
cl::opt<ReportFormat>
    report("report",
           cl::desc("Write what the model costs, instead of the result unless -o is given"),
           cl::values(clEnumValN(ReportFormat::Text, "", ""),
                      clEnumValN(ReportFormat::Text, "text", "as tables (default)"),
                      clEnumValN(ReportFormat::JSON, "json", "as JSON, exact")),
           cl::ValueOptional, cl::init(ReportFormat::None), cl::cat(category));
cl::opt<std::string>
    tuningDatabase("tuning-db",
                   cl::desc("Use the parameters of kernels that dreamer-tune found "
                            "best on this machine"),
                   cl::value_desc("file"), cl::cat(category));
cl::opt<bool> printDescription("print-description",
                               cl::desc("Write the description as it is understood, every key"),
                               cl::cat(category));
cl::opt<bool> keyReference("key-reference", cl::desc("Write the reference of a description's keys"),
                           cl::cat(category));
cl::opt<bool> quiet("quiet", cl::desc("No progress"), cl::cat(category));

/// Reads --depth=block=n options.
bool readDepths(BuildOptions &options) {
  for (StringRef text : depths) {
    auto [name, number] = text.split('=');
    int64_t depth = 0;
    if (name.empty() || number.getAsInteger(10, depth))
      return usageError("expected --depth=<block>=<number>, found --depth=" + text);
    options.depths.push_back({name.str(), depth});
  }
  return true;
}

bool readPhase(StringRef option, StringRef text, Phase &phase) {
  std::optional<Phase> known = phaseNamed(text);
  if (!known)
    return usageError("expected a phase (" + llvm::join(ArrayRef(phaseNames), ", ") + ") for --" +
                      option + ", found " + text);
  phase = *known;
  return true;
}

bool readPhases(ToolOptions &options) {
  bool isPackage =
      options.hasOutput && options.output != "-" && !StringRef(options.output).ends_with(".mlir");
  options.compiler.to = isPackage ? Phase::Package : Phase::Model;
  if (!readPhase("compile-from", compileFrom, options.compiler.from))
    return false;
  if (compileTo.getNumOccurrences() && !readPhase("compile-to", compileTo, options.compiler.to))
    return false;
  if (!compileTo.getNumOccurrences())
    options.compiler.to = std::max(options.compiler.to, options.compiler.from);
  if (options.compiler.from == Phase::Package)
    return usageError(
        "expected an earlier phase for --compile-from, found package; a package as the "
        "input is compiled from the model in it");
  if (memoryBudget.getNumOccurrences() && options.compiler.from != Phase::Model)
    return usageError("expected --compile-from=model with --memory-budget, which is kept when the "
                      "program is made, found " +
                      compileFrom);
  if (options.compiler.to < options.compiler.from)
    return usageError("expected --compile-to=" + compileFrom + " or later, found " + compileTo);
  if (options.compiler.to == Phase::Package && options.output == "-" &&
      options.report == ReportFormat::None)
    return usageError("expected -o FILE for a package");
  return true;
}

/// Reads a size such as 600M (10^6), 2GiB (2^30) or 1000 (bytes).
bool readSize(StringRef option, StringRef text, int64_t &bytes) {
  static constexpr std::pair<StringLiteral, int64_t> units[] = {{"KiB", int64_t(1) << 10},
                                                                {"MiB", int64_t(1) << 20},
                                                                {"GiB", int64_t(1) << 30},
                                                                {"K", 1000},
                                                                {"M", 1000000},
                                                                {"G", 1000000000},
                                                                {"B", 1},
                                                                {"", 1}};
  for (auto [unit, scale] : units) {
    StringRef number = text;
    if (!number.consume_back(unit))
      continue;
    int64_t value = 0;
    if (number.trim().getAsInteger(10, value) || value < 1 ||
        value > std::numeric_limits<int64_t>::max() / scale)
      break;
    bytes = value * scale;
    return true;
  }
  return usageError("expected a size of 1 byte or more for --" + option +
                    ", such as 600M, 512MiB or 2G, found " + text);
}

bool readProgram(ProgramOptions &options) {
  options.entries.assign(entries.begin(), entries.end());
  std::string problem;
  if (!checkEntries(options.entries, problem))
    return usageError("--entry: " + problem);
  if (dtype != "f32" && dtype != "bf16")
    return usageError("expected --dtype=f32 or bf16, found " + dtype);
  options.narrowMatrices = dtype == "bf16";
  options.recompute = recompute == Again::Depth ? Recompute::Depth : Recompute::None;
  options.recomputeCheap = recompute == Again::Cheap;
  options.defer = deferGradients;
  options.deferWindow = deferWindow;
  if (deferWindow < 0)
    return usageError("expected --defer-window=n with n of 1 or more, found " +
                      std::to_string(deferWindow));
  if (memoryBudget.getNumOccurrences() &&
      !readSize("memory-budget", memoryBudget, options.memoryBudget))
    return false;
  options.microBatches = microBatches;
  options.accumulateGradients = accumulateGradients;
  options.fuseProducts = fuseProducts;
  options.fuseTiles = fuseTiles;
  return true;
}

/// The options that say what is compiled.
constexpr StringLiteral programOptions[] = {
    "set",           "depth",           "batch",
    "context",       "entry",           "target",
    "recompute",     "dtype",           "micro-batches",
    "memory-budget", "defer-gradients", "defer-window",
    "fuse-products", "fuse-tiles",      "accumulate-gradients"};

/// The options that change what a package does: not where files lie or what is printed.
std::vector<std::string> modelFlags(int argc, char **argv) {
  auto isFlag = [](StringRef name) {
    return llvm::is_contained(programOptions, name) || name == "tuning-db";
  };
  std::vector<std::string> flags;
  for (int i = 1; i < argc; ++i) {
    StringRef name = StringRef(argv[i]).ltrim('-').split('=').first;
    if (!StringRef(argv[i]).starts_with("-") || !isFlag(name))
      continue;
    flags.push_back(argv[i]);
    if (!StringRef(argv[i]).contains('=') && i + 1 < argc)
      flags.back() += "=" + std::string(argv[++i]);
  }
  return flags;
}

/// Leaves only the options that say what the program is.
void keepProgramOptions() {
  SmallVector<cl::Option *> others;
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (llvm::is_contained(option->Categories, &category) &&
        !llvm::is_contained(programOptions, name) && name != "compile-from" && name != "quiet")
      others.push_back(option);
  for (cl::Option *option : others)
    option->removeArgument();
}

bool readRemarks(std::string &regex) {
  if (!remarks.getNumOccurrences())
    return true;
  regex = remarks.empty() ? std::string(".*") : remarks.getValue();
  std::string problem;
  return llvm::Regex(regex).isValid(problem) ||
         usageError("expected a regular expression for --remarks, found '" + regex +
                    "': " + problem);
}

bool readTargets(CompilerOptions &options) {
  options.targets.assign(targets.begin(), targets.end());
  std::string problem;
  return variantsOf(options.targets, /*narrow=*/true, problem) ||
         usageError("--target: " + problem);
}

} // namespace

std::optional<ToolOptions> dreamer::parseCommandLine(int argc, char **argv, int &status,
                                                     const ToolName &tool) {
  toolName = tool.name;
  if (tool.own) {
    keepProgramOptions();
    cl::HideUnrelatedOptions({&category, tool.own});
  } else {
    registerAsmPrinterCLOptions();
    registerMLIRContextCLOptions();
    registerPassManagerCLOptions();
    registerDefaultTimingManagerCLOptions();
    cl::HideUnrelatedOptions(category);
  }
  status = 2;
  if (!cl::ParseCommandLineOptions(argc, argv, tool.overview, &llvm::errs()))
    return std::nullopt;
  ToolOptions options;
  options.input = inputFile;
  options.output = outputFile;
  options.hasOutput = outputFile.getNumOccurrences();
  options.overrides.assign(overrides.begin(), overrides.end());
  options.build.batch = batch;
  options.build.context = context;
  options.changesModel = overrides.getNumOccurrences() || depths.getNumOccurrences() ||
                         batch.getNumOccurrences() || context.getNumOccurrences();
  options.report = report;
  options.printDescription = printDescription;
  options.keyReference = keyReference;
  options.quiet = quiet;
  options.compiler.dumpPhases = dumpPhases;
  options.compiler.dumpArtifacts = dumpArtifacts;
  options.compiler.flags = modelFlags(argc, argv);
  options.compiler.tuningDatabase = tuningDatabase;
  if (inputFile.empty() && !keyReference && !tool.own) {
    usageError("expected a description, e.g. model.yaml, found none; see --help");
    return std::nullopt;
  }
  if (!readDepths(options.build) || !readPhases(options) ||
      !readProgram(options.compiler.program) || !readTargets(options.compiler) ||
      !readRemarks(options.remarks))
    return std::nullopt;
  return options;
}

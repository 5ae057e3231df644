// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs an entry point in f64 with the reference interpreter, or a tile program literally, on safetensors files.

#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "lib/Reference/Files.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Diagnostics.h"
#include "tools/dreamer-interpret/Load.h"
#include "tools/dreamer-interpret/Tiles.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;
namespace cl = llvm::cl;

static cl::OptionCategory category("dreamer-interpret options");
static cl::opt<std::string> modelFile(cl::Positional, cl::Required, cl::cat(category),
                                      cl::desc("<.mlir, .yaml or .dreamer file>"));
static cl::list<std::string>
    entries("entry", cl::CommaSeparated, cl::cat(category), cl::value_desc("name,..."),
            cl::desc("The entry points to run (default: every function that needs no input)"));
static cl::list<std::string> paramsFiles("params", cl::cat(category), cl::value_desc("file"),
                                         cl::desc("Safetensors file with parameters and state"));
static cl::list<std::string> inputsFiles("inputs", cl::cat(category), cl::value_desc("file"),
                                         cl::desc("Safetensors file with inputs"));
static cl::opt<std::string> outputsFile(
    "outputs", cl::cat(category), cl::value_desc("file"),
    cl::desc("Write the results, in f64, to this safetensors file (default: print them)"));
static cl::list<std::string> depths("depth", cl::cat(category), cl::value_desc("block=n"),
                                    cl::desc("How many steps of a block to execute"));
static cl::list<std::string> overrides("set", cl::cat(category), cl::value_desc("path=value"),
                                       cl::desc("Override a key of a description"));
static cl::opt<int64_t>
    batch("batch", cl::cat(category), cl::value_desc("n"),
          cl::desc("Sequences, for a description (default: as the inputs have)"));
static cl::opt<int64_t>
    contextLength("context", cl::cat(category), cl::value_desc("n"),
                  cl::desc("Positions, for a description (default: as the inputs have)"));
static cl::opt<bool> countFlops("count-flops", cl::cat(category),
                                cl::desc("Print the FLOPs of the contractions that were executed"));
static cl::opt<bool> roundBF16("round-bf16", cl::cat(category),
                               cl::desc("Round at casts to bf16 (default: keep f64)"));
static cl::opt<int64_t> blocks("blocks", cl::cat(category), cl::init(1), cl::value_desc("n"),
                               cl::desc("Blocks that a tile program runs in"));
static cl::opt<uint32_t>
    seed("seed", cl::cat(category), cl::init(0), cl::value_desc("n"),
         cl::desc("Orders blocks and roles of a tile program (0: blocks in order)"));
static cl::opt<bool> late("late", cl::cat(category),
                          cl::desc("Copies of a tile program end as late as allowed"));
static cl::opt<bool>
    verifyDiagnostics("verify-diagnostics", cl::cat(category), cl::Hidden,
                      cl::desc("Check that the errors are those of the expected-error comments"));

static LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "dreamer-interpret") << message << "\n";
  return failure();
}

static LogicalResult fail(llvm::Error error) { return fail(llvm::toString(std::move(error))); }

/// Adds the tensors of `files` to `inputs`.
static LogicalResult readAll(ArrayRef<std::string> files, Bundle &inputs) {
  for (const std::string &file : files) {
    llvm::Expected<Bundle> tensors = readTensors(file);
    if (!tensors)
      return fail(tensors.takeError());
    for (auto &[name, tensor] : *tensors)
      if (!inputs.insert({name, std::move(tensor)}).second)
        return fail(file + ": expected each tensor in one file, found '" + name + "' again");
  }
  return success();
}

/// Adds the executed depths as the options "<block>.depth".
static LogicalResult readDepths(Bundle &steps) {
  for (StringRef text : depths) {
    auto [block, count] = text.rsplit('=');
    int32_t depth;
    if (block.empty() || count.getAsInteger(10, depth))
      return fail("--depth: expected <block>=<steps>, found '" + text + "'");
    steps[(block + ".depth").str()] = Ints::scalar(depth);
  }
  return success();
}

/// The names of `tensors` that no function of the module takes.
static std::string unknownNames(ModuleOp module, const Bundle &tensors) {
  llvm::StringSet<> known;
  for (auto function : module.getOps<func::FuncOp>())
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      known.insert(nameOfArgument(function, i));
  std::string unknown;
  for (auto &[name, tensor] : tensors)
    if (!known.contains(name))
      unknown += (unknown.empty() ? "'" : ", '") + name + "'";
  return unknown;
}

/// Parameters and depths that no entry point takes are errors; inputs are left out, with a warning.
static LogicalResult checkNames(ModuleOp module, const Bundle &parameters, const Bundle &steps,
                                const Bundle &inputs) {
  if (std::string unknown = unknownNames(module, parameters); !unknown.empty())
    return fail("--params: expected names that an entry point takes, found " + unknown);
  if (std::string unknown = unknownNames(module, steps); !unknown.empty())
    return fail("--depth: expected blocks of the model, found " + unknown);
  if (std::string unknown = unknownNames(module, inputs); !unknown.empty())
    llvm::WithColor::warning(llvm::errs(), "dreamer-interpret")
        << "--inputs: no entry point takes " << unknown << "\n";
  return success();
}

/// The functions to run: those named, else those that need no input.
static SmallVector<std::string> entriesOf(ModuleOp module) {
  SmallVector<std::string> names(entries.begin(), entries.end());
  if (!names.empty())
    return names;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.getNumArguments() == 0)
      names.push_back(function.getName().str());
  return names;
}

/// Runs one entry point; prints its results unless they go to a file.
static LogicalResult runEntry(ModuleOp module, StringRef entry, const Bundle &inputs) {
  Interpreter interpreter(module, {.roundBF16 = roundBF16});
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  FailureOr<Bundle> results =
      function && isTileProgram(function)
          ? runTileProgram(function, inputs, {.blocks = blocks, .seed = seed, .late = late})
          : interpreter.run(entry, inputs);
  if (failed(results))
    return failure();
  if (outputsFile.empty()) {
    llvm::outs() << "@" << entry << "\n";
    for (auto &[name, tensor] : *results)
      llvm::outs() << name << " " << describe(tensor) << " = " << toString(tensor) << "\n";
  } else if (llvm::Error error = writeTensors(*results, outputsFile)) {
    return fail(std::move(error));
  }
  if (countFlops)
    llvm::outs() << "@" << entry << " flops " << interpreter.getFlops() << "\n";
  return success();
}

static LogicalResult runAll(MLIRContext &context, llvm::SourceMgr &sources) {
  Bundle parameters, inputs, steps;
  if (failed(readAll(paramsFiles, parameters)) || failed(readAll(inputsFiles, inputs)) ||
      failed(readDepths(steps)))
    return failure();
  OwningOpRef<ModuleOp> module =
      loadModule(context, sources, modelFile, entries, inputs,
                 {.overrides = overrides, .batch = batch, .context = contextLength});
  if (!module || failed(checkNames(*module, parameters, steps, inputs)))
    return failure();
  Bundle all = inputs;
  for (const Bundle *more : {&parameters, &steps})
    for (auto &[name, tensor] : *more)
      if (!all.insert({name, tensor}).second)
        return fail("expected each tensor once, found '" + name + "' given twice");
  SmallVector<std::string> names = entriesOf(*module);
  if (names.empty())
    return fail("expected --entry=NAME, as every function of the file needs inputs");
  if (names.size() > 1 && !outputsFile.empty())
    return fail("--outputs: expected one entry point, found " + llvm::Twine(names.size()));
  bool allSucceeded = true;
  for (const std::string &name : names)
    allSucceeded &= succeeded(runEntry(*module, name, all));
  return success(allSucceeded);
}

/// The name of a location without a file (operations built from a description have one), or "".
static std::string nameOf(Location loc) {
  std::string name;
  loc->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner); named && name.empty())
      name = named.getName().str() + ": ";
    return WalkResult::advance();
  });
  return name;
}

/// Prints diagnostics that no file and line belong to; leaves the others to the next handler.
static LogicalResult printWithoutFile(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error ||
      diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    return failure();
  (void)fail(nameOf(diagnostic.getLocation()) + diagnostic.str());
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "Runs an entry point in f64 with the reference interpreter, or a "
          "tile program as it is written.\n",
          &llvm::errs()))
    return 2;
  DialectRegistry registry;
  registry.insert<DreamerDialect, arith::ArithDialect, func::FuncDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, tile::TileDialect>();
  registerReferenceModels(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  if (verifyDiagnostics) {
    SourceMgrDiagnosticVerifierHandler handler(sources, &context);
    (void)runAll(context, sources);
    return failed(handler.verify());
  }
  SourceMgrDiagnosticHandler handler(sources, &context);
  ScopedDiagnosticHandler nameless(&context, printWithoutFile);
  return failed(runAll(context, sources));
}

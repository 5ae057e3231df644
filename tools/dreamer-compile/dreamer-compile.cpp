// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's command line. Exit status 0, 1 (failed), 2 (usage).

#include "dialects/Dreamer/DreamerDialect.h"
#include "lib/Cost/Report.h"
#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("Dreamer options");

cl::opt<std::string> inputFile(cl::Positional, cl::desc("<model.yaml>"), cl::cat(category));
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
cl::opt<std::string> compileTo("compile-to", cl::desc("Stop after this phase: model"),
                               cl::value_desc("phase"), cl::init("model"), cl::cat(category));
enum class ReportFormat { None, Text, JSON };
cl::opt<ReportFormat>
    report("report",
           cl::desc("Write what the model costs, instead of the result unless -o is given"),
           cl::values(clEnumValN(ReportFormat::Text, "", ""),
                      clEnumValN(ReportFormat::Text, "text", "as tables (default)"),
                      clEnumValN(ReportFormat::JSON, "json", "as JSON, exact")),
           cl::ValueOptional, cl::init(ReportFormat::None), cl::cat(category));
cl::opt<bool> printDescription("print-description",
                               cl::desc("Write the description as it is understood, every key"),
                               cl::cat(category));
cl::opt<bool> keyReference("key-reference", cl::desc("Write the reference of a description's keys"),
                           cl::cat(category));

int usageError(const llvm::Twine &message) {
  llvm::errs() << "dreamer-compile: " << message << "\n";
  return 2;
}

/// Reads --depth=block=n options; false after a message.
bool parseDepths(dreamer::BuildOptions &options) {
  for (StringRef text : depths) {
    auto [name, number] = text.split('=');
    int64_t depth = 0;
    if (name.empty() || number.getAsInteger(10, depth)) {
      usageError("expected --depth=<block>=<number>, found --depth=" + text);
      return false;
    }
    options.depths.push_back({name.str(), depth});
  }
  return true;
}

/// Opens the output, writes it through `write`, and keeps it.
template <typename Write>
int writeOutput(Write write) {
  std::string message;
  std::unique_ptr<llvm::ToolOutputFile> output = openOutputFile(outputFile, &message);
  if (!output) {
    llvm::errs() << "dreamer-compile: " << message << "\n";
    return 1;
  }
  write(output->os());
  output->keep();
  return 0;
}

/// Writes the cost of a model, its training step included, to standard output.
LogicalResult writeReport(ModuleOp model) {
  OwningOpRef<ModuleOp> program = model.clone();
  PassManager passes(model.getContext());
  passes.addPass(dreamer::createBuildEntryPoints());
  if (failed(passes.run(*program)))
    return failure();
  FailureOr<dreamer::CostReport> costs = dreamer::accountModel(*program);
  if (failed(costs))
    return failure();
  if (report == ReportFormat::Text)
    dreamer::printReport(*costs, llvm::outs());
  else
    llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(dreamer::reportToJSON(*costs)));
  return success();
}

/// Prints a diagnostic about something else than a line of a file, e.g. an option.
LogicalResult printWithoutSource(Diagnostic &diagnostic) {
  if (diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    return failure();
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  llvm::errs() << "dreamer-compile: " << (isError ? "error: " : "warning: ") << diagnostic << "\n";
  return success();
}

int compile(const dreamer::BuildOptions &options) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(inputFile, &message);
  if (!file) {
    llvm::errs() << "dreamer-compile: " << message << "\n";
    return 1;
  }
  MLIRContext context;
  llvm::SourceMgr sources;
  StringRef text = file->getBuffer(), fileName = file->getBufferIdentifier();
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(llvm::join(overrides, "\n"), dreamer::overridesFileName),
      llvm::SMLoc());
  SourceMgrDiagnosticHandler atSource(sources, &context);
  ScopedDiagnosticHandler elsewhere(&context, printWithoutSource);

  std::vector<std::string> changes(overrides.begin(), overrides.end());
  FailureOr<dreamer::Description> description =
      dreamer::parseDescription(text, fileName, &context, changes);
  if (failed(description))
    return 1;
  if (printDescription)
    return writeOutput([&](raw_ostream &os) { dreamer::printDescription(*description, os); });
  OwningOpRef<ModuleOp> module = dreamer::buildModel(&context, *description, options);
  if (!module)
    return 1;
  if (report != ReportFormat::None) {
    if (failed(writeReport(*module)))
      return 1;
    if (!outputFile.getNumOccurrences())
      return 0;
  }
  return writeOutput([&](raw_ostream &os) { module->print(os); });
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv, "Dreamer's compiler\n", &llvm::errs()))
    return 2;
  if (keyReference)
    return writeOutput([](raw_ostream &os) { dreamer::printKeyReference(os); });
  if (inputFile.empty())
    return usageError("expected a description, e.g. model.yaml, found none; see --help");
  dreamer::BuildOptions options;
  options.batch = batch;
  options.context = context;
  if (!parseDepths(options))
    return 2;
  if (compileTo != "model")
    return usageError("expected a phase (model) for --compile-to, found " + compileTo);
  return compile(options);
}

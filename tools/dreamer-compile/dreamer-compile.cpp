// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's command line. Exit status 0, 1 (failed), 2 (usage).

#include "lib/Cost/Report.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/Timing.h"
#include "tools/dreamer-compile/Input.h"
#include "tools/dreamer-compile/Progress.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace dreamer;

namespace {

/// Opens the output, writes it through `write`, and keeps it.
template <typename Write>
int writeOutput(StringRef path, Write write) {
  std::string message;
  std::unique_ptr<llvm::ToolOutputFile> output = openOutputFile(path, &message);
  if (!output)
    return fail(message);
  write(output->os());
  output->keep();
  return 0;
}

StringRef nameOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Remark:
    return "remark";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  }
  llvm_unreachable("all severities are handled");
}

/// Prints a diagnostic about something else than a line of a file, e.g. an option.
LogicalResult printWithoutSource(Diagnostic &diagnostic) {
  if (diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    return failure();
  llvm::errs() << "dreamer-compile: " << nameOf(diagnostic.getSeverity()) << ": " << diagnostic
               << "\n";
  return success();
}

/// Timing, printing and statistics as the command line asks for them.
LogicalResult configurePasses(PassManager &passes) {
  if (failed(applyPassManagerCLOptions(passes)))
    return failure();
  applyDefaultTimingPassManagerCLOptions(passes);
  return success();
}

/// One run of the compiler.
class Tool {
public:
  Tool(MLIRContext &context, ToolOptions &options) : context(context), options(options) {}

  int run(Input input) {
    if (options.printDescription)
      return writeOutput(options.output,
                         [&](raw_ostream &os) { printDescription(*input.description, os); });
    OwningOpRef<ModuleOp> module = std::move(input.module);
    if (options.report != ReportFormat::None) {
      // With a result there are remarks when that is made.
      if ((!options.hasOutput && failed(enableRemarks())) || failed(writeReport(*module)))
        return 1;
      if (!options.hasOutput)
        return 0;
    }
    if (failed(enableRemarks()))
      return 1;
    options.compiler.configurePasses = configurePasses;
    Progress progress(options.compiler, !options.quiet);
    if (failed(compile(*module, options.compiler, options.output)))
      return 1;
    progress.finish(options.output);
    if (options.compiler.to == Phase::Package)
      return 0;
    return writeOutput(options.output, [&](raw_ostream &os) { module->print(os); });
  }

private:
  LogicalResult enableRemarks() {
    if (options.remarks.empty())
      return success();
    // A kind of remarks without a filter is off, whatever that for all kinds is.
    const std::string &regex = options.remarks;
    remark::RemarkCategories categories{regex, regex, regex, regex, regex};
    return remark::enableOptimizationRemarks(context, /*streamer=*/nullptr,
                                             std::make_unique<remark::RemarkEmittingPolicyAll>(),
                                             categories, /*printAsEmitRemarks=*/true);
  }

  /// Writes the cost of a model, its training step included, to standard output.
  LogicalResult writeReport(ModuleOp model) {
    OwningOpRef<ModuleOp> program = model.clone();
    if (options.compiler.from == Phase::Model) {
      CompilerOptions all = options.compiler;
      all.program.entries.clear(); // functions, whichever a package would have
      all.configurePasses = nullptr;
      if (failed(buildProgram(*program, all)))
        return failure();
    }
    FailureOr<CostReport> costs = accountModel(*program);
    if (failed(costs))
      return failure();
    if (options.report == ReportFormat::Text)
      printReport(*costs, llvm::outs());
    else
      llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(reportToJSON(*costs)));
    return success();
  }

  MLIRContext &context;
  ToolOptions &options;
};

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  int status = 0;
  std::optional<ToolOptions> options = parseCommandLine(argc, argv, status);
  if (!options)
    return status;
  if (options->keyReference)
    return writeOutput(options->output, [](raw_ostream &os) { printKeyReference(os); });
  DialectRegistry registry;
  registerCompilerDialects(registry);
  MLIRContext context(registry);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler atSource(sources, &context);
  ScopedDiagnosticHandler elsewhere(&context, printWithoutSource);
  std::optional<Input> input = readInput(context, sources, *options);
  return input ? Tool(context, *options).run(std::move(*input)) : 1;
}

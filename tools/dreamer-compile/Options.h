// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command line asks for.

#ifndef DREAMER_TOOLS_COMPILE_OPTIONS_H
#define DREAMER_TOOLS_COMPILE_OPTIONS_H

#include "lib/ModelDescription/Build.h"
#include "lib/Pipelines/Compiler.h"
#include "llvm/Support/CommandLine.h"
#include <string>
#include <vector>

namespace dreamer {

enum class ReportFormat { None, Text, JSON };

struct ToolOptions {
  std::string input, output;
  bool hasOutput = false; ///< -o was given
  std::vector<std::string> overrides;
  BuildOptions build;
  bool changesModel = false; ///< an option that needs a description: --set, --batch, ...
  CompilerOptions compiler;
  ReportFormat report = ReportFormat::None;
  std::string remarks; ///< categories of remarks to print, a regular expression; "": none
  bool printDescription = false, keyReference = false, quiet = false;
};

/// Which tool's command line it is.
struct ToolName {
  const char *name = "dreamer-compile";
  const char *overview = "Dreamer's compiler\n";
  /// Of the tool's own options. Besides these it has the options that say what the program is, and none
  /// of dreamer-compile's others.
  llvm::cl::OptionCategory *own = nullptr;
};

/// Reads the command line. On a wrong one prints what was expected and sets `status` to 2; sets it to
/// 0 where nothing is left to do (--help). Without an input file `input` is empty.
std::optional<ToolOptions> parseCommandLine(int argc, char **argv, int &status,
                                            const ToolName &tool = {});

/// Prints a message of the tool; gives the exit status 1.
int fail(const llvm::Twine &message);
/// Prints what was expected; always false.
bool usageError(const llvm::Twine &message);

} // namespace dreamer

#endif // DREAMER_TOOLS_COMPILE_OPTIONS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells how far a compilation is.

#ifndef DREAMER_TOOLS_COMPILE_PROGRESS_H
#define DREAMER_TOOLS_COMPILE_PROGRESS_H

#include "lib/Pipelines/Compiler.h"
#include <chrono>
#include <string>

namespace dreamer {

/// One line a phase on standard error, or one changing line on a terminal. Says nothing if not
/// `enabled` or if the compilation ends before the kernels phase.
class Progress {
public:
  Progress(CompilerOptions &options, bool enabled);
  ~Progress();

  /// After success: what was written.
  void finish(llvm::StringRef output);

private:
  void enter(llvm::StringRef phase);

  CompilerOptions &options;
  bool enabled, onTerminal;
  std::string current;
  std::chrono::steady_clock::time_point start, phaseStart;
};

} // namespace dreamer

#endif // DREAMER_TOOLS_COMPILE_PROGRESS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command line asks for.

#ifndef DREAMER_TOOLS_TUNE_OPTIONS_H
#define DREAMER_TOOLS_TUNE_OPTIONS_H

#include "tools/dreamer-compile/Options.h"

namespace dreamer {

struct TuneOptions {
  ToolOptions program; ///< what is tuned; without an input nothing is
  std::string database, exportTo, importFrom;
  std::string filter;   ///< a regular expression that kernels' names and types match
  double timeLimit = 0; ///< seconds; 0: none
  int threads = 0;      ///< 0: as many as the device finds right
  bool again = false;   ///< also what is known
};

/// Reads the command line. On a wrong one prints what was expected and sets `status` to 2; sets it to
/// 0 where nothing is left to do (--help).
std::optional<TuneOptions> parseTuneCommandLine(int argc, char **argv, int &status);

} // namespace dreamer

#endif // DREAMER_TOOLS_TUNE_OPTIONS_H

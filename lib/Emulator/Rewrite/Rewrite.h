// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// From a module as NVPTX's code generator would take it to one that runs on the machine's threads.

#ifndef DREAMER_EMULATOR_REWRITE_REWRITE_H
#define DREAMER_EMULATOR_REWRITE_REWRITE_H

#include "lib/Emulator/Machine/Launch.h"
#include "lib/Emulator/Machine/Operation.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace dreamer::emulator {

struct RewriteOptions {
  bool check = true;     ///< accesses are checked
  std::string libdevice; ///< bitcode file to take functions from; empty: none
};

/// What rewritten code refers to by address; must outlive the code.
struct Instructions {
  std::vector<std::unique_ptr<Operation>> operations;
  std::deque<Site> sites;
  /// For each use of a wgmma's results, the operations that may have made them.
  std::deque<std::vector<const Operation *>> writers;
};

/// A kernel before it has an address; the code has a function `launchName(kernel)`.
struct Rewritten {
  std::vector<Kernel> kernels;
  std::unique_ptr<Instructions> instructions;
};

/// "gemm" -> "gemm$thread", which takes pointers to the arguments and runs one thread.
std::string launchName(llvm::StringRef kernel);

/// Rewrites `module` in place, so that x86 code can be made of it. Fails with all instructions and
/// functions that are not known, each by its name.
llvm::Expected<Rewritten> rewrite(llvm::Module &module, const RewriteOptions &options);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_REWRITE_H

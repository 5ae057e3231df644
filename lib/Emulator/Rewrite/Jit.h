// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A module of kernels, compiled for the host.

#ifndef DREAMER_EMULATOR_REWRITE_JIT_H
#define DREAMER_EMULATOR_REWRITE_JIT_H

#include "lib/Emulator/Rewrite/Rewrite.h"

#include "llvm/Support/SourceMgr.h"

#include <map>

namespace llvm::orc {
class LLJIT;
}

namespace dreamer::emulator {

/// A module for nvptx64, with the context that it lives in, which ends after it.
struct KernelModule {
  std::unique_ptr<llvm::LLVMContext> context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module;
};

/// A variable of the module in global or constant memory.
struct GlobalVariable {
  std::string name;
  std::byte *address = nullptr;
  size_t bytes = 0;
  bool isConstant = false;
};

class LoadedModule {
public:
  LoadedModule();
  ~LoadedModule();
  LoadedModule(LoadedModule &&) noexcept;

  /// Null: there is none of this name.
  const Kernel *kernel(const std::string &name) const;
  const std::vector<Kernel> &kernels() const { return all; }
  const std::vector<GlobalVariable> &variables() const { return globals; }

private:
  friend llvm::Expected<LoadedModule> load(KernelModule, const RewriteOptions &);
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::unique_ptr<Instructions> instructions; ///< what the code refers to
  std::vector<Kernel> all;
  std::vector<GlobalVariable> globals;
};

/// Rewrites and compiles a module for nvptx64.
llvm::Expected<LoadedModule> load(KernelModule source, const RewriteOptions &options);

/// Reads a file of LLVM IR, text or bitcode. Null, and told in `diagnostic`, when it cannot be read; LLVM's own
/// reader ends the program on text that parses and is invalid.
std::unique_ptr<llvm::Module> readModule(llvm::StringRef path, llvm::SMDiagnostic &diagnostic,
                                         llvm::LLVMContext &context);

/// libdevice of the CUDA Toolkit ($CUDA_HOME or where it is usually installed); empty: not found.
std::string findLibdevice();

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_JIT_H

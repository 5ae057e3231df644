// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Cases.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/MemoryBuffer.h"

namespace dreamer::emulator::test {

const std::vector<KernelCase> &kernelCases() {
  static const std::vector<KernelCase> cases = [] {
    std::vector<KernelCase> all;
    for (auto *some :
         {plainCases, warpCases, gridCases, matrixCases, tensorCases, clusterCases, warpgroupCases})
      for (KernelCase &one : some())
        all.push_back(std::move(one));
    return all;
  }();
  return cases;
}

const KernelCase &kernelCase(const std::string &name) {
  for (const KernelCase &one : kernelCases())
    if (one.name == name)
      return one;
  static const KernelCase none;
  return none;
}

std::string toString(const Settings &settings) {
  return std::string(settings.strict  ? "strict"
                     : settings.check ? "checked"
                                      : "unchecked") +
         (settings.completion == Completion::Lazy ? " lazy" : " eager") + ", seed " +
         std::to_string(settings.seed) + ", workers " + std::to_string(settings.workers);
}

/// Without threads: the tests fork.
mlir::MLIRContext &kernelContext() {
  static mlir::MLIRContext &context = [&]() -> mlir::MLIRContext & {
    mlir::DialectRegistry registry;
    registerKernelDialects(registry);
    static mlir::MLIRContext made(registry, mlir::MLIRContext::Threading::DISABLED);
    return made;
  }();
  return context;
}

std::string readText(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

std::optional<LoadedModule> loadText(const std::string &text, bool check) {
  RewriteOptions options;
  options.check = check;
  options.libdevice = findLibdevice();
  return loadKernelsFromText(kernelContext(), text, options);
}

Outcome run(const LoadedModule &module, const KernelCase &kernel, const Settings &settings) {
  const Kernel *loaded = module.kernel(kernel.name);
  if (!loaded)
    return {{}, "no kernel " + kernel.name};
  GlobalMemory memory;
  for (const GlobalVariable &variable : module.variables())
    memory.adopt(variable.address, variable.bytes, variable.name, variable.isConstant);
  Problem problem(memory);
  kernel.prepare(problem);
  LaunchOptions options;
  options.check = settings.check;
  options.completion = settings.completion;
  options.seed = settings.seed;
  options.strict = settings.strict;
  options.workers = settings.workers;
  options.patience = 1 << 20;
  Reports reports;
  launch(*loaded, kernel.grid, problem.arguments(), memory, options, reports);
  return {reports.take(), problem.wrong()};
}

} // namespace dreamer::emulator::test

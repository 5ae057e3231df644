// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The kernels of these tests: MLIR in Inputs/Kernels/, and how each is run.

#ifndef DREAMER_TEST_UNIT_EMULATORKERNELS_CASES_H
#define DREAMER_TEST_UNIT_EMULATORKERNELS_CASES_H

#include "Problem.h"

#include "lib/Emulator/Source/Source.h"

namespace dreamer::emulator::test {

struct KernelCase {
  std::string name; ///< of the kernel, and of its file unless `file` is given
  Grid grid;
  std::function<void(Problem &)> prepare;
  std::string file = "";
  bool usesLibdevice = false;

  std::string path() const { return "Inputs/Kernels/" + (file.empty() ? name : file) + ".mlir"; }
};

/// All of them. Each file of cases has a function that gives its own.
const std::vector<KernelCase> &kernelCases();
const KernelCase &kernelCase(const std::string &name);
std::vector<KernelCase> plainCases();
std::vector<KernelCase> warpCases();
std::vector<KernelCase> gridCases();
std::vector<KernelCase> matrixCases();
std::vector<KernelCase> tensorCases();
std::vector<KernelCase> clusterCases();
std::vector<KernelCase> warpgroupCases();

struct Settings {
  bool check = true;
  Completion completion = Completion::Eager;
  uint64_t seed = 0;
  unsigned workers = 1;
  bool strict = false;
};
std::string toString(const Settings &settings);

struct Outcome {
  std::vector<Finding> findings;
  std::string wrong; ///< empty: the numbers are right
};

mlir::MLIRContext &kernelContext();
std::string readText(const std::string &path);
std::optional<LoadedModule> loadText(const std::string &text, bool check);
/// One run on fresh memory.
Outcome run(const LoadedModule &module, const KernelCase &kernel, const Settings &settings);

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORKERNELS_CASES_H

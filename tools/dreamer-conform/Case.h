// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Conformance cases: a kernel around one instruction, its inputs, and how its outputs are compared.

#ifndef DREAMER_TOOLS_CONFORM_CASE_H
#define DREAMER_TOOLS_CONFORM_CASE_H

#include "runtime/gpu/Gpu.h"

#include <optional>
#include <string>
#include <vector>

namespace dreamer::conform {

/// A kernel as text of LLVM IR. All have the parameters of KernelText.h.
struct Kernel {
  std::string name, ir;
};

/// A tensor in global memory and what a tensor map says of it (all but the address).
struct Tensor {
  std::vector<uint32_t> words;
  runtime::TensorMapRequest map;
};

struct Case {
  std::string name; ///< unique: part of the names of stored tensors
  Kernel kernel;
  runtime::GpuLaunch launch;
  std::vector<uint64_t> in;    ///< slots of all threads of all blocks
  std::vector<uint32_t> image; ///< of shared memory before, the same for every block
  size_t outSlots = 0;         ///< in all
  size_t afterWords = 0;       ///< of shared memory afterwards, in all
  std::optional<Tensor> tensor;
  /// Differences are told but are no failure: sums whose order and precision NVIDIA does not document.
  bool informative = false;
};

/// Cases of one module.
struct Group {
  std::string name;
  unsigned ptx = 80; ///< version of PTX ISA that its instructions need
  std::vector<Case> cases = {};
  /// The kernels of all cases, each once.
  std::string module() const;
};

// What there is, a file each.
Group mmaGroup();
Group mmaNewGroup(); ///< those of PTX ISA 8.7
Group wmmaGroup();
std::vector<Group> wgmmaGroups();
Group matrixMoveGroup();
Group conversionGroup();
Group warpGroup();
Group asyncCopyGroup();
Group tensorGroup();
Group bulkGroup();
Group synchronizationGroup();
Group atomicGroup();
Group clusterGroup();
std::vector<Group> allGroups();

} // namespace dreamer::conform

#endif // DREAMER_TOOLS_CONFORM_CASE_H

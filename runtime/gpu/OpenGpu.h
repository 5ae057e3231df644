// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Which GPUs there are, by name.

#ifndef DREAMER_RUNTIME_GPU_OPENGPU_H
#define DREAMER_RUNTIME_GPU_OPENGPU_H

#include "runtime/gpu/Gpu.h"

namespace dreamer::runtime {

/// The emulator's options; hardware has only `ordinal`.
struct GpuOptions {
  int ordinal = 0;      ///< which device of the machine
  bool check = true;    ///< races, bounds, uninitialised memory, ...: see docs/emulator.md
  bool strict = false;  ///< checks what PTX's memory model asks for and practice leaves out, too
  bool lazy = false;    ///< asynchronous work is done as late as allowed, not at once
  uint64_t seed = 0;    ///< of the order of whatever may vary; 0: the plain order
  unsigned workers = 1; ///< threads of the host
};

/// "cuda": the CUDA driver. "emulator": kernels on this processor, from the plug-in
/// libdreamer_emulator.so, which is loaded when it is first asked for.
Result<std::shared_ptr<Gpu>> openGpu(std::string_view name, const GpuOptions &options = {});

Result<std::shared_ptr<Gpu>> openCudaGpu(const GpuOptions &options);
Result<std::shared_ptr<Gpu>> openEmulatorGpu(const GpuOptions &options);

/// The function of the plug-in. Both sides are C++ of one build, so versions must be equal.
constexpr const char *emulatorPluginFunction = "dreamer_emulator_open";
constexpr uint32_t emulatorPluginVersion = 2;
/// False, and nothing done: another version.
using EmulatorPlugin = bool (*)(uint32_t version, const GpuOptions *options,
                                std::shared_ptr<Gpu> *gpu);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_GPU_OPENGPU_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The plug-in libdreamer_emulator.so: one C function.

#include "lib/Emulator/Device/EmulatorGpu.h"

extern "C" __attribute__((visibility("default"))) bool
dreamer_emulator_open(uint32_t version, const dreamer::runtime::GpuOptions *options,
                      std::shared_ptr<dreamer::runtime::Gpu> *gpu) {
  if (version != dreamer::runtime::emulatorPluginVersion)
    return false;
  *gpu = dreamer::emulator::openEmulator(*options);
  return true;
}

// The runtime calls it through this type.
static_assert(std::is_same_v<decltype(&dreamer_emulator_open), dreamer::runtime::EmulatorPlugin>);

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Modules of the emulated GPU.

#ifndef DREAMER_EMULATOR_DEVICE_MODULES_H
#define DREAMER_EMULATOR_DEVICE_MODULES_H

#include "lib/Emulator/Device/EmulatorGpu.h"
#include "lib/Emulator/Rewrite/Jit.h"

#include <set>

namespace dreamer::emulator {

class EmulatorFunction;

class EmulatorModule final : public runtime::GpuModule,
                             public std::enable_shared_from_this<EmulatorModule> {
public:
  /// `fixed`: variables that the host cannot write, by name.
  EmulatorModule(std::shared_ptr<EmulatorGpu> gpu, std::string name, LoadedModule loaded,
                 const std::set<std::string> &fixed);
  ~EmulatorModule() override;

  runtime::Result<runtime::GpuFunction *> function(const std::string &name) override;
  runtime::Result<runtime::GpuVariable> variable(const std::string &name) override;

private:
  const std::shared_ptr<EmulatorGpu> gpu;
  const std::string name;
  const LoadedModule loaded;
  std::map<std::string, std::unique_ptr<EmulatorFunction>> functions;
};

class EmulatorFunction final : public runtime::GpuFunction {
public:
  EmulatorFunction(std::shared_ptr<const runtime::Gpu> gpu, const Kernel &kernel,
                   std::weak_ptr<EmulatorModule> module)
      : GpuFunction(std::move(gpu)), kernel(kernel), module(std::move(module)) {}
  const Kernel &kernel;
  const std::weak_ptr<EmulatorModule> module;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_DEVICE_MODULES_H

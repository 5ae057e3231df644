// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Device.h"

#include <map>
#include <mutex>

namespace dreamer::runtime {

namespace {
struct Registry {
  std::mutex mutex;
  std::map<std::string, DeviceFactory> factories = {{"cpu", createCpuDevice}};
};
} // namespace

static Registry &registry() {
  static Registry instance;
  return instance;
}

void registerDevice(std::string name, DeviceFactory factory) {
  std::lock_guard lock(registry().mutex);
  registry().factories[std::move(name)] = std::move(factory);
}

Result<std::shared_ptr<Device>> createDevice(const std::string &name,
                                             const DeviceOptions &options) {
  DeviceFactory factory;
  std::vector<std::string> names;
  {
    std::lock_guard lock(registry().mutex);
    for (const auto &[known, make] : registry().factories) {
      names.push_back(known);
      if (known == name)
        factory = make;
    }
  }
  if (factory)
    return factory(options);
  if (name == "cuda" || name == "emulator")
    return failure(DREAMER_UNAVAILABLE, "device", listed(names), inQuotes(name),
                   "packages hold code for processors only, no kernels for NVIDIA GPUs yet; single "
                   "kernels run on GPUs and on the emulator by dreamer-emulate and runtime/gpu");
  return failure(DREAMER_INVALID_ARGUMENT, "device", listed(names), inQuotes(name),
                 nearestHint(name, names));
}

} // namespace dreamer::runtime

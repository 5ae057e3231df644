// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/gpu/CudaDriver.h"

#include <dlfcn.h>

namespace dreamer::runtime::cuda {

Status Driver::check(Code code, std::string_view where) const {
  if (code == 0)
    return Status();
  const char *name = nullptr, *text = nullptr;
  (void)errorName(code, &name);
  (void)errorText(code, &text);
  std::string found = name ? name : "error " + std::to_string(code);
  if (text)
    found += std::string(" (") + text + ")";
  constexpr Code invalidValue = 1, outOfMemory = 2;
  return failure(code == outOfMemory    ? DREAMER_OUT_OF_MEMORY
                 : code == invalidValue ? DREAMER_INVALID_ARGUMENT
                                        : DREAMER_ENTRY_FAILED,
                 where, "success of the CUDA driver", found);
}

static Result<const Driver *> load() {
  constexpr const char *libraryName = "libcuda.so.1";
  static Driver driver;
  void *library = dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return failure(DREAMER_UNAVAILABLE, "cuda", std::string("the CUDA driver, ") + libraryName,
                   dlerror(), "install the NVIDIA driver, or use the device 'emulator'");
#define DREAMER_CUDA_LOAD(name, symbol, parameters)                                                \
  driver.name = reinterpret_cast<decltype(driver.name)>(dlsym(library, #symbol));                  \
  if (!driver.name)                                                                                \
    return failure(DREAMER_UNAVAILABLE, "cuda", "a driver with " #symbol, "one that lacks it",     \
                   "drivers of CUDA 12.0 and later have it");
  DREAMER_CUDA_FUNCTIONS(DREAMER_CUDA_LOAD)
#undef DREAMER_CUDA_LOAD
  if (Status status = driver.check(driver.init(0), "cuda"); status.failed())
    return Status(DREAMER_UNAVAILABLE, status.message());
  return &driver;
}

Result<const Driver *> driver() {
  static const Result<const Driver *> loaded = load();
  return loaded;
}

} // namespace dreamer::runtime::cuda

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_TEST_UNIT_RUNTIMEGPU_SUPPORT_H
#define DREAMER_TEST_UNIT_RUNTIMEGPU_SUPPORT_H

#include "runtime/gpu/OpenGpu.h"

#include <gmock/gmock.h>

namespace dreamer::runtime::test {

using testing::HasSubstr;

#define EXPECT_OK(expression) EXPECT_EQ((expression).message(), "")
#define EXPECT_FAILS(expression, code_, text)                                                      \
  do {                                                                                             \
    Status status_ = (expression);                                                                 \
    EXPECT_EQ(status_.code(), code_) << status_.message();                                         \
    EXPECT_THAT(status_.message(), HasSubstr(text));                                               \
  } while (false)

/// The value of a Result that must be there.
template <typename T>
T take(Result<T> result) {
  if (result.failed()) {
    ADD_FAILURE() << result.status().message();
    std::abort();
  }
  return std::move(*result);
}

inline GpuImage imageOf(std::string_view ir, std::string name = "test") {
  return {std::move(name), std::as_bytes(std::span(ir)), {}, {}};
}

/// An emulator and a module of it.
struct Device {
  explicit Device(std::string_view ir = "", GpuOptions options = {})
      : gpu(take(openGpu("emulator", options))),
        module(ir.empty() ? nullptr : take(gpu->load(imageOf(ir)))) {}

  GpuFunction &function(const std::string &name) { return *take(module->function(name)); }
  DevicePointer ints(const std::vector<int32_t> &values) {
    DevicePointer pointer = take(gpu->allocate(values.size() * 4));
    EXPECT_OK(gpu->copyToDevice(pointer, values.data(), values.size() * 4));
    return pointer;
  }
  std::vector<int32_t> read(DevicePointer pointer, size_t count) {
    std::vector<int32_t> values(count);
    EXPECT_OK(gpu->copyToHost(values.data(), pointer, count * 4));
    return values;
  }

  std::shared_ptr<Gpu> gpu;
  std::shared_ptr<GpuModule> module;
};

} // namespace dreamer::runtime::test

#endif // DREAMER_TEST_UNIT_RUNTIMEGPU_SUPPORT_H

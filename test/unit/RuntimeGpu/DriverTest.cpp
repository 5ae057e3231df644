// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "runtime/core/Device.h"
#include "runtime/gpu/CudaDriver.h"

#if __has_include(<cuda.h>)
#include <cuda.h>
#define DREAMER_HAS_CUDA_H
#endif

namespace dreamer::runtime::test {
namespace {

TEST(OpenGpu, UnknownNames) {
  EXPECT_FAILS(openGpu("emulater").status(), DREAMER_INVALID_ARGUMENT, "did you mean 'emulator'?");
}

/// On a machine without a driver the failure says what to do; with one there is a device.
TEST(OpenGpu, CudaSaysWhyNot) {
  Result<std::shared_ptr<Gpu>> gpu = openGpu("cuda");
  if (gpu.ok()) {
    EXPECT_GE((*gpu)->properties().major, 5);
  } else {
    EXPECT_EQ(gpu.status().code(), DREAMER_UNAVAILABLE);
    EXPECT_THAT(gpu.status().message(), HasSubstr("cuda: expected "));
  }
}

/// Packages have no kernels for it yet, which is another thing than an unknown name.
TEST(OpenGpu, PackagesDoNotRunOnIt) {
  for (const char *name : {"cuda", "emulator"})
    EXPECT_FAILS(createDevice(name, {}).status(), DREAMER_UNAVAILABLE,
                 "no kernels for NVIDIA GPUs yet");
}

TEST(OpenGpu, Properties) {
  Device device;
  EXPECT_EQ(device.gpu->properties().major, 9);
  EXPECT_EQ(device.gpu->properties().sharedBytesPerBlock, 227u << 10);
  EXPECT_THAT(device.gpu->properties().name, HasSubstr("emulator"));
}

#ifdef DREAMER_HAS_CUDA_H

/// Whether two functions take parameters of the same sizes and kinds.
template <typename Ours, typename Theirs>
struct SameParameters : std::false_type {};
template <typename... Ours, typename... Theirs>
  requires(sizeof...(Ours) == sizeof...(Theirs))
struct SameParameters<int (*)(Ours...), CUresult(Theirs...)>
    : std::bool_constant<((sizeof(Ours) == sizeof(Theirs) &&
                           std::is_pointer_v<Ours> == std::is_pointer_v<Theirs>) &&
                          ...)> {};

TEST(CudaDriver, FunctionsAreThoseOfCudaH) {
  // cuda.h renames functions to their newest versions by macros; their parameters are the same.
#define SAME(name, symbol, parameters)                                                             \
  static_assert(SameParameters<decltype(cuda::Driver::name), decltype(symbol)>::value, #symbol);
  DREAMER_CUDA_FUNCTIONS(SAME)
#undef SAME
}

TEST(CudaDriver, StructuresAreThoseOfCudaH) {
  static_assert(sizeof(cuda::LaunchAttribute) == sizeof(CUlaunchAttribute));
  static_assert(offsetof(cuda::LaunchAttribute, value) == offsetof(CUlaunchAttribute, value));
  static_assert(sizeof(cuda::LaunchConfig) == sizeof(CUlaunchConfig));
  static_assert(offsetof(cuda::LaunchConfig, block) == offsetof(CUlaunchConfig, blockDimX));
  static_assert(offsetof(cuda::LaunchConfig, dynamicSharedBytes) ==
                offsetof(CUlaunchConfig, sharedMemBytes));
  static_assert(offsetof(cuda::LaunchConfig, stream) == offsetof(CUlaunchConfig, hStream));
  static_assert(offsetof(cuda::LaunchConfig, attributes) == offsetof(CUlaunchConfig, attrs));
  static_assert(offsetof(cuda::LaunchConfig, attributeCount) == offsetof(CUlaunchConfig, numAttrs));
  static_assert(sizeof(cuda::TensorMap) == sizeof(CUtensorMap));
}

TEST(CudaDriver, ValuesAreThoseOfCudaH) {
  EXPECT_EQ(cuda::attributeMultiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  EXPECT_EQ(cuda::attributeThreadsPerMultiprocessor,
            CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
  EXPECT_EQ(cuda::attributeMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  EXPECT_EQ(cuda::attributeMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  EXPECT_EQ(cuda::attributeSharedPerMultiprocessor,
            CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
  EXPECT_EQ(cuda::attributeSharedPerBlock, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  EXPECT_EQ(cuda::functionDynamicShared, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  EXPECT_EQ(cuda::functionNonPortableCluster, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
  EXPECT_EQ(cuda::jitErrorLog, CU_JIT_ERROR_LOG_BUFFER);
  EXPECT_EQ(cuda::jitErrorLogBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
  EXPECT_EQ(cuda::captureRelaxed, CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_EQ(cuda::launchCooperative, CU_LAUNCH_ATTRIBUTE_COOPERATIVE);
  EXPECT_EQ(cuda::launchCluster, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
}

#endif

} // namespace
} // namespace dreamer::runtime::test

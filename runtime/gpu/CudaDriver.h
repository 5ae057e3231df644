// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is used of the CUDA driver API, loaded from libcuda.so.1 when it is asked for. Declarations
// follow its documentation ("CUDA Driver API"); a test compares them with cuda.h where that is.

#ifndef DREAMER_RUNTIME_GPU_CUDADRIVER_H
#define DREAMER_RUNTIME_GPU_CUDADRIVER_H

#include "runtime/core/Status.h"

#include <cstddef>
#include <cstdint>

namespace dreamer::runtime::cuda {

using Code = int; ///< CUresult; 0: success
using Device = int;
using Pointer = unsigned long long;
using Context = struct CUctx_st *;
using Module = struct CUmod_st *;
using Function = struct CUfunc_st *;
using Stream = struct CUstream_st *;
using Event = struct CUevent_st *;
using Graph = struct CUgraph_st *;
using Executable = struct CUgraphExec_st *;

// Values of enumerations.
constexpr int attributeMultiprocessors = 16, attributeThreadsPerMultiprocessor = 39,
              attributeMajor = 75, attributeMinor = 76, attributeSharedPerMultiprocessor = 81,
              attributeSharedPerBlock = 97;
constexpr int functionDynamicShared = 8, functionNonPortableCluster = 14;
constexpr int jitErrorLog = 5, jitErrorLogBytes = 6;
constexpr int captureRelaxed = 2;
constexpr int launchCooperative = 2, launchCluster = 4;

/// CUlaunchAttribute.
struct LaunchAttribute {
  int id;
  int pad;
  union {
    char bytes[64];
    int cooperative;
    unsigned cluster[3];
  } value;
};

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned grid[3], block[3];
  unsigned dynamicSharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};

/// CUtensorMap.
struct alignas(64) TensorMap {
  uint64_t opaque[16];
};

// The name here, the symbol in the library (newer versions of a function have a suffix), the
// parameters.
#define DREAMER_CUDA_FUNCTIONS(F)                                                                  \
  F(init, cuInit, (unsigned))                                                                      \
  F(errorName, cuGetErrorName, (Code, const char **))                                              \
  F(errorText, cuGetErrorString, (Code, const char **))                                            \
  F(deviceCount, cuDeviceGetCount, (int *))                                                        \
  F(deviceGet, cuDeviceGet, (Device *, int))                                                       \
  F(deviceName, cuDeviceGetName, (char *, int, Device))                                            \
  F(deviceMemory, cuDeviceTotalMem_v2, (size_t *, Device))                                         \
  F(deviceAttribute, cuDeviceGetAttribute, (int *, int, Device))                                   \
  F(retain, cuDevicePrimaryCtxRetain, (Context *, Device))                                         \
  F(release, cuDevicePrimaryCtxRelease_v2, (Device))                                               \
  F(setCurrent, cuCtxSetCurrent, (Context))                                                        \
  F(synchronize, cuCtxSynchronize, ())                                                             \
  F(allocate, cuMemAlloc_v2, (Pointer *, size_t))                                                  \
  F(free, cuMemFree_v2, (Pointer))                                                                 \
  F(allocateHost, cuMemAllocHost_v2, (void **, size_t))                                            \
  F(freeHost, cuMemFreeHost, (void *))                                                             \
  F(toDevice, cuMemcpyHtoD_v2, (Pointer, const void *, size_t))                                    \
  F(toHost, cuMemcpyDtoH_v2, (void *, Pointer, size_t))                                            \
  F(toDeviceAsync, cuMemcpyHtoDAsync_v2, (Pointer, const void *, size_t, Stream))                  \
  F(toHostAsync, cuMemcpyDtoHAsync_v2, (void *, Pointer, size_t, Stream))                          \
  F(withinAsync, cuMemcpyDtoDAsync_v2, (Pointer, Pointer, size_t, Stream))                         \
  F(fillAsync, cuMemsetD8Async, (Pointer, unsigned char, size_t, Stream))                          \
  F(moduleLoad, cuModuleLoadDataEx, (Module *, const void *, unsigned, int *, void **))            \
  F(moduleUnload, cuModuleUnload, (Module))                                                        \
  F(moduleFunction, cuModuleGetFunction, (Function *, Module, const char *))                       \
  F(moduleVariable, cuModuleGetGlobal_v2, (Pointer *, size_t *, Module, const char *))             \
  F(functionSet, cuFuncSetAttribute, (Function, int, int))                                         \
  F(launch, cuLaunchKernelEx, (const LaunchConfig *, Function, void **, void **))                  \
  F(encodeTiled, cuTensorMapEncodeTiled,                                                           \
    (TensorMap *, int, uint32_t, void *, const uint64_t *, const uint64_t *, const uint32_t *,     \
     const uint32_t *, int, int, int, int))                                                        \
  F(streamCreate, cuStreamCreate, (Stream *, unsigned))                                            \
  F(streamDestroy, cuStreamDestroy_v2, (Stream))                                                   \
  F(streamSynchronize, cuStreamSynchronize, (Stream))                                              \
  F(streamWait, cuStreamWaitEvent, (Stream, Event, unsigned))                                      \
  F(captureBegin, cuStreamBeginCapture_v2, (Stream, int))                                          \
  F(captureEnd, cuStreamEndCapture, (Stream, Graph *))                                             \
  F(eventCreate, cuEventCreate, (Event *, unsigned))                                               \
  F(eventDestroy, cuEventDestroy_v2, (Event))                                                      \
  F(eventRecord, cuEventRecord, (Event, Stream))                                                   \
  F(eventSynchronize, cuEventSynchronize, (Event))                                                 \
  F(eventElapsed, cuEventElapsedTime, (float *, Event, Event))                                     \
  F(graphInstantiate, cuGraphInstantiateWithFlags, (Executable *, Graph, unsigned long long))      \
  F(graphLaunch, cuGraphLaunch, (Executable, Stream))                                              \
  F(graphDestroy, cuGraphDestroy, (Graph))                                                         \
  F(executableDestroy, cuGraphExecDestroy, (Executable))

struct Driver {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration, no expression
#define DREAMER_CUDA_MEMBER(name, symbol, parameters) Code(*name) parameters = nullptr;
  DREAMER_CUDA_FUNCTIONS(DREAMER_CUDA_MEMBER)
#undef DREAMER_CUDA_MEMBER

  /// Nothing, or a failure with the driver's name and text of `code`.
  Status check(Code code, std::string_view where) const;
};

/// The driver, initialised; loaded once. Without one: why.
Result<const Driver *> driver();

} // namespace dreamer::runtime::cuda

#endif // DREAMER_RUNTIME_GPU_CUDADRIVER_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A library in the place of the CUDA driver that writes down what it is asked for and has memory of the
// host. It shows what our side of the interface does; of NVIDIA's it shows nothing.

#include "runtime/gpu/CudaDriver.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

using namespace dreamer::runtime::cuda;

namespace {

/// What was asked for, and, where a name is here, the code that its function gives.
struct State {
  std::string log, failing;
  int code = 0;
} state;

template <typename... Values>
int say(const char *name, const char *format = "", Values... values) {
  char text[512] = "";
  if constexpr (sizeof...(values) > 0)
    std::snprintf(text, sizeof(text), format, values...);
  state.log += std::string(name) + "(" + text + ")\n";
  return state.failing == name ? state.code : 0;
}

template <typename Handle>
Handle handle(unsigned number) {
  return reinterpret_cast<Handle>(uintptr_t(number));
}

unsigned numberOf(const void *handle) { return unsigned(reinterpret_cast<uintptr_t>(handle)); }

} // namespace

extern "C" {
#pragma GCC visibility push(default)

const char *fakeLog() {
  static std::string taken;
  taken = std::exchange(state.log, {});
  return taken.c_str();
}
void fakeFail(const char *function, int code) { state.failing = function, state.code = code; }

int cuInit(unsigned) { return say("cuInit"); }
int cuGetErrorName(int code, const char **name) {
  *name = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
  return 0;
}
int cuGetErrorString(int, const char **text) { return *text = "a text", 0; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGet(int *device, int ordinal) { return *device = 40 + ordinal, 0; }
int cuDeviceGetName(char *name, int size, int) { return std::snprintf(name, size, "fake"), 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int) { return *bytes = 1 << 30, 0; }
int cuDeviceGetAttribute(int *value, int attribute, int) { return *value = attribute, 0; }
int cuDevicePrimaryCtxRetain(Context *context, int device) {
  *context = handle<Context>(1);
  return say("cuDevicePrimaryCtxRetain", "%d", device);
}
int cuDevicePrimaryCtxRelease_v2(int device) {
  return say("cuDevicePrimaryCtxRelease", "%d", device);
}
int cuCtxSetCurrent(Context) { return 0; }
int cuCtxSynchronize() { return say("cuCtxSynchronize"); }
int cuMemAlloc_v2(Pointer *pointer, size_t bytes) {
  *pointer = reinterpret_cast<Pointer>(std::malloc(bytes));
  return say("cuMemAlloc", "%zu", bytes);
}
int cuMemFree_v2(Pointer pointer) {
  std::free(reinterpret_cast<void *>(pointer));
  return say("cuMemFree");
}
int cuMemAllocHost_v2(void **pointer, size_t bytes) {
  *pointer = std::malloc(bytes);
  return say("cuMemAllocHost", "%zu", bytes);
}
int cuMemFreeHost(void *pointer) { return std::free(pointer), say("cuMemFreeHost"); }
int cuMemcpyHtoD_v2(Pointer to, const void *from, size_t bytes) {
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return say("cuMemcpyHtoD", "%zu", bytes);
}
int cuMemcpyDtoH_v2(void *to, Pointer from, size_t bytes) {
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  return say("cuMemcpyDtoH", "%zu", bytes);
}
int cuMemcpyHtoDAsync_v2(Pointer, const void *, size_t bytes, Stream stream) {
  return say("cuMemcpyHtoDAsync", "%zu, %u", bytes, numberOf(stream));
}
int cuMemcpyDtoHAsync_v2(void *, Pointer, size_t bytes, Stream stream) {
  return say("cuMemcpyDtoHAsync", "%zu, %u", bytes, numberOf(stream));
}
int cuMemcpyDtoDAsync_v2(Pointer, Pointer, size_t bytes, Stream stream) {
  return say("cuMemcpyDtoDAsync", "%zu, %u", bytes, numberOf(stream));
}
int cuMemsetD8Async(Pointer, unsigned char value, size_t bytes, Stream stream) {
  return say("cuMemsetD8Async", "%d, %zu, %u", value, bytes, numberOf(stream));
}
int cuModuleLoadDataEx(Module *module, const void *image, unsigned count, int *options,
                       void **values) {
  *module = handle<Module>(2);
  if (count == 2 && options[0] == jitErrorLog)
    std::snprintf(static_cast<char *>(values[0]), size_t(values[1]), "line 1: a log");
  return say("cuModuleLoadDataEx", "%s", static_cast<const char *>(image));
}
int cuModuleUnload(Module) { return say("cuModuleUnload"); }
int cuModuleGetFunction(Function *function, Module, const char *name) {
  *function = handle<Function>(3);
  return std::strcmp(name, "kernel") != 0;
}
int cuModuleGetGlobal_v2(Pointer *pointer, size_t *bytes, Module, const char *name) {
  *pointer = 64, *bytes = 8;
  return std::strcmp(name, "variable") != 0;
}
int cuFuncSetAttribute(Function, int attribute, int value) {
  return say("cuFuncSetAttribute", "%d, %d", attribute, value);
}
int cuLaunchKernelEx(const LaunchConfig *config, Function, void **values, void **) {
  say("cuLaunchKernelEx", "%u %u %u, %u %u %u, %u, %u, argument %d", config->grid[0],
      config->grid[1], config->grid[2], config->block[0], config->block[1], config->block[2],
      config->dynamicSharedBytes, numberOf(config->stream), *static_cast<int *>(values[0]));
  for (unsigned i = 0; i < config->attributeCount; ++i)
    if (const LaunchAttribute &one = config->attributes[i]; one.id == launchCluster)
      say("cluster", "%u %u %u", one.value.cluster[0], one.value.cluster[1], one.value.cluster[2]);
    else
      say("cooperative", "%d", one.id == launchCooperative ? one.value.cooperative : -1);
  return state.failing == "cuLaunchKernelEx" ? state.code : 0;
}
int cuTensorMapEncodeTiled(TensorMap *map, int type, uint32_t rank, void *address,
                           const uint64_t *dims, const uint64_t *strides, const uint32_t *box,
                           const uint32_t *steps, int interleave, int swizzle, int promotion,
                           int fill) {
  map->opaque[0] = 77;
  return say("cuTensorMapEncodeTiled", "%d, %u, %u, %d %d, %d, %d %d, %d %d, %d, %d, %d, %d", type,
             rank, numberOf(address), int(dims[0]), int(dims[1]), int(strides[0]), int(box[0]),
             int(box[1]), int(steps[0]), int(steps[1]), interleave, swizzle, promotion, fill);
}
int cuStreamCreate(Stream *stream, unsigned flags) {
  *stream = handle<Stream>(5);
  return say("cuStreamCreate", "%u", flags);
}
int cuStreamDestroy_v2(Stream) { return say("cuStreamDestroy"); }
int cuStreamSynchronize(Stream stream) {
  return say("cuStreamSynchronize", "%u", numberOf(stream));
}
int cuStreamWaitEvent(Stream stream, Event event, unsigned) {
  return say("cuStreamWaitEvent", "%u, %u", numberOf(stream), numberOf(event));
}
int cuStreamBeginCapture_v2(Stream stream, int mode) {
  return say("cuStreamBeginCapture", "%u, %d", numberOf(stream), mode);
}
int cuStreamEndCapture(Stream stream, Graph *graph) {
  *graph = handle<Graph>(7);
  return say("cuStreamEndCapture", "%u", numberOf(stream));
}
int cuEventCreate(Event *event, unsigned) {
  return *event = handle<Event>(6), say("cuEventCreate");
}
int cuEventDestroy_v2(Event) { return say("cuEventDestroy"); }
int cuEventRecord(Event event, Stream stream) {
  return say("cuEventRecord", "%u, %u", numberOf(event), numberOf(stream));
}
int cuEventSynchronize(Event event) { return say("cuEventSynchronize", "%u", numberOf(event)); }
int cuEventElapsedTime(float *time, Event, Event) {
  return *time = 1.5F, say("cuEventElapsedTime");
}
int cuGraphInstantiateWithFlags(Executable *executable, Graph graph, unsigned long long) {
  *executable = handle<Executable>(8);
  return say("cuGraphInstantiate", "%u", numberOf(graph));
}
int cuGraphLaunch(Executable executable, Stream stream) {
  return say("cuGraphLaunch", "%u, %u", numberOf(executable), numberOf(stream));
}
int cuGraphDestroy(Graph graph) { return say("cuGraphDestroy", "%u", numberOf(graph)); }
int cuGraphExecDestroy(Executable) { return say("cuGraphExecDestroy"); }

#pragma GCC visibility pop
}

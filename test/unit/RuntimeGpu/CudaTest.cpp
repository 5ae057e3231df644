// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the CUDA device asks of the driver: against a library in its place (Fixture/FakeDriver.cpp), which
// this program finds before any other. Nothing here shows what hardware does.

#include "Support.h"

#include <dlfcn.h>

namespace dreamer::runtime::test {
namespace {

class Cuda : public testing::Test {
protected:
  Cuda() {
    library = dlopen("libcuda.so.1", RTLD_NOW);
    takeLog = reinterpret_cast<const char *(*)()>(dlsym(library, "fakeLog"));
    fail = reinterpret_cast<void (*)(const char *, int)>(dlsym(library, "fakeFail"));
    if (!takeLog || !fail)
      std::abort(); // another library than the fixture
    fail("", 0);
    gpu = take(openGpu("cuda"));
    (void)takeLog();
  }
  ~Cuda() override { fail("", 0); }
  std::string log() { return takeLog(); }
  std::shared_ptr<GpuModule> module() {
    GpuImage image;
    image.name = "mine";
    image.ptx = ".version 8.0";
    return take(gpu->load(image));
  }

  void *library = nullptr;
  const char *(*takeLog)() = nullptr;
  void (*fail)(const char *, int) = nullptr;
  std::shared_ptr<Gpu> gpu;
};

TEST_F(Cuda, Opens) {
  EXPECT_EQ(gpu->properties().name, "fake");
  EXPECT_EQ(gpu->properties().major, 75); // each attribute's number is its value here
  EXPECT_EQ(gpu->properties().minor, 76);
  EXPECT_EQ(gpu->properties().multiprocessors, 16u);
  EXPECT_EQ(gpu->properties().sharedBytesPerBlock, 97u);
  EXPECT_EQ(gpu->properties().memoryBytes, 1u << 30);
  gpu.reset();
  EXPECT_EQ(log(), "cuDevicePrimaryCtxRelease(40)\n");
  EXPECT_FAILS(openGpu("cuda", {.ordinal = 1}).status(), DREAMER_UNAVAILABLE,
               "expected device 1, found 1 devices");
}

TEST_F(Cuda, Memory) {
  DevicePointer a = take(gpu->allocate(64)), b = take(gpu->allocate(64));
  int32_t value = 5, back = 0;
  EXPECT_OK(gpu->copyToDevice(a, &value, 4));
  EXPECT_OK(gpu->copyToHost(&back, a, 4));
  EXPECT_EQ(back, 5);
  EXPECT_OK(gpu->copyWithin(b, a, 8));
  EXPECT_OK(gpu->fill(b, 7, 3));
  EXPECT_OK(gpu->free(a));
  EXPECT_OK(gpu->free(b));
  take(gpu->allocateHost(16)).reset();
  EXPECT_EQ(log(), "cuMemAlloc(64)\ncuMemAlloc(64)\ncuMemcpyHtoD(4)\ncuMemcpyDtoH(4)\n"
                   "cuMemcpyDtoDAsync(8, 0)\ncuStreamSynchronize(0)\ncuMemsetD8Async(7, 3, 0)\n"
                   "cuMemFree()\ncuMemFree()\ncuMemAllocHost(16)\ncuMemFreeHost()\n");
}

TEST_F(Cuda, CopiesOnStreams) {
  std::shared_ptr<GpuStream> stream = take(gpu->createStream());
  int32_t value = 5;
  EXPECT_OK(gpu->copyToDevice(64, &value, 4, stream.get()));
  EXPECT_OK(gpu->copyToHost(&value, 64, 4, stream.get()));
  EXPECT_OK(gpu->copyWithin(64, 128, 4, stream.get()));
  EXPECT_OK(gpu->fill(64, 1, 4, stream.get()));
  EXPECT_OK(gpu->synchronize(*stream));
  stream.reset();
  EXPECT_EQ(log(), "cuStreamCreate(0)\ncuMemcpyHtoDAsync(4, 5)\ncuMemcpyDtoHAsync(4, 5)\n"
                   "cuMemcpyDtoDAsync(4, 5)\ncuMemsetD8Async(1, 4, 5)\ncuStreamSynchronize(5)\n"
                   "cuStreamDestroy()\n");
}

TEST_F(Cuda, Launches) {
  std::shared_ptr<GpuModule> loaded = module();
  GpuFunction &kernel = *take(loaded->function("kernel"));
  int32_t value = 9;
  GpuArgument arguments[] = {value};
  EXPECT_EQ(log(), "cuModuleLoadDataEx(.version 8.0)\n");
  EXPECT_OK(gpu->launch(
      kernel, {.grid = {4, 3, 2}, .block = {32, 2, 1}, .dynamicSharedBytes = 49152}, arguments));
  EXPECT_EQ(log(), "cuLaunchKernelEx(4 3 2, 32 2 1, 49152, 0, argument 9)\n");
  EXPECT_OK(gpu->launch(
      kernel,
      {.grid = {16, 1, 1}, .cluster = {16, 1, 1}, .dynamicSharedBytes = 49153, .cooperative = true},
      arguments));
  EXPECT_EQ(log(), "cuFuncSetAttribute(8, 49153)\ncuFuncSetAttribute(14, 1)\n"
                   "cuLaunchKernelEx(16 1 1, 1 1 1, 49153, 0, argument 9)\n"
                   "cluster(16 1 1)\ncooperative(1)\n");
  loaded.reset();
  EXPECT_EQ(log(), "cuModuleUnload()\n");
}

TEST_F(Cuda, Modules) {
  std::shared_ptr<GpuModule> loaded = module();
  EXPECT_EQ(take(loaded->variable("variable")).bytes, 8u);
  EXPECT_FAILS(loaded->variable("other").status(), DREAMER_NOT_FOUND, "mine: expected a variable");
  EXPECT_FAILS(loaded->function("other").status(), DREAMER_NOT_FOUND, "mine: expected a kernel");
  fail("cuModuleLoadDataEx", 218);
  GpuImage image;
  image.ptx = "bad";
  EXPECT_FAILS(gpu->load(image).status(), DREAMER_ENTRY_FAILED,
               "found CUDA_ERROR_FAKE (a text); the driver's log: line 1: a log");
  EXPECT_FAILS(gpu->load({}).status(), DREAMER_INVALID_ARGUMENT, "found an empty image");
  std::string_view ir = "ir";
  EXPECT_FAILS(gpu->load(imageOf(ir)).status(), DREAMER_INVALID_ARGUMENT, "found LLVM IR alone");
}

TEST_F(Cuda, TensorMaps) {
  TensorMapRequest request;
  request.type = 6;
  request.rank = 2;
  request.address = 4096;
  request.dims = {100, 200};
  request.strides = {208};
  request.box = {8, 4};
  request.elementSteps = {1, 2};
  request.swizzle = 3;
  request.promotion = 2;
  request.fill = 1;
  EncodedTensorMap map = take(gpu->encodeTensorMap(request));
  EXPECT_EQ(map[0], std::byte(77));
  EXPECT_EQ(log(), "cuTensorMapEncodeTiled(6, 2, 4096, 100 200, 208, 8 4, 1 2, 0, 3, 2, 1)\n");
}

TEST_F(Cuda, EventsAndGraphs) {
  std::shared_ptr<GpuStream> stream = take(gpu->createStream());
  std::shared_ptr<GpuEvent> event = take(gpu->createEvent());
  EXPECT_OK(gpu->record(*event, *stream));
  EXPECT_OK(gpu->wait(*stream, *event));
  EXPECT_OK(gpu->synchronize(*event));
  EXPECT_EQ(take(gpu->elapsed(*event, *event)), 1.5);
  (void)log();
  EXPECT_OK(gpu->beginCapture(*stream));
  std::shared_ptr<GpuGraph> graph = take(gpu->endCapture(*stream));
  EXPECT_OK(gpu->launch(*graph, *stream));
  EXPECT_OK(gpu->synchronize());
  graph.reset();
  EXPECT_EQ(log(),
            "cuStreamBeginCapture(5, 2)\ncuStreamEndCapture(5)\ncuGraphInstantiate(7)\n"
            "cuGraphDestroy(7)\ncuGraphLaunch(8, 5)\ncuCtxSynchronize()\ncuGraphExecDestroy()\n");
}

TEST_F(Cuda, FailuresAreTold) {
  fail("cuMemAlloc", 2);
  EXPECT_FAILS(gpu->allocate(64).status(), DREAMER_OUT_OF_MEMORY,
               "allocate: expected success of the CUDA driver, found CUDA_ERROR_OUT_OF_MEMORY");
  fail("cuGraphInstantiate", 900);
  std::shared_ptr<GpuStream> stream = take(gpu->createStream());
  (void)log();
  EXPECT_FAILS(gpu->endCapture(*stream).status(), DREAMER_ENTRY_FAILED, "endCapture");
  EXPECT_THAT(log(), HasSubstr("cuGraphDestroy(7)"));
}

TEST_F(Cuda, ObjectsOfAnotherDevice) {
  Device emulator;
  std::shared_ptr<GpuStream> stream = take(emulator.gpu->createStream());
  EXPECT_FAILS(gpu->fill(64, 0, 1, stream.get()), DREAMER_INVALID_ARGUMENT, "another device");
  EXPECT_FAILS(emulator.gpu->synchronize(*take(gpu->createStream())), DREAMER_INVALID_ARGUMENT,
               "another device");
}

} // namespace
} // namespace dreamer::runtime::test

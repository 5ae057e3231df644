// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

namespace dreamer::runtime::test {
namespace {

constexpr std::string_view kernels = R"(
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @step(ptr addrspace(1) %to, ptr addrspace(1) %from, i32 %add) {
  %v = load i32, ptr addrspace(1) %from
  %n = add i32 %v, %add
  store i32 %n, ptr addrspace(1) %to
  ret void
}
)";

class Streams : public testing::Test {
protected:
  Device device{kernels};
  Gpu &gpu = *device.gpu;
  GpuFunction &step = device.function("step");
  std::shared_ptr<GpuStream> a = take(gpu.createStream()), b = take(gpu.createStream());
  std::shared_ptr<GpuEvent> event = take(gpu.createEvent()), back = take(gpu.createEvent());
  DevicePointer x = device.ints({1}), y = device.ints({0}), z = device.ints({0});

  Status run(DevicePointer to, DevicePointer from, int32_t add, GpuStream *stream) {
    GpuArgument arguments[] = {to, from, add};
    return gpu.launch(step, {}, arguments, stream);
  }
  int32_t at(DevicePointer pointer) { return device.read(pointer, 1)[0]; }
};

TEST_F(Streams, WorkIsDoneInOrder) {
  EXPECT_OK(run(y, x, 10, a.get()));
  EXPECT_OK(gpu.record(*event, *a));
  EXPECT_OK(gpu.wait(*b, *event));
  EXPECT_OK(run(z, y, 100, b.get()));
  EXPECT_OK(gpu.synchronize(*b));
  EXPECT_OK(gpu.synchronize());
  EXPECT_EQ(at(z), 111);
}

TEST_F(Streams, Events) {
  EXPECT_FAILS(gpu.wait(*a, *event), DREAMER_INVALID_ARGUMENT, "never was");
  EXPECT_FAILS(gpu.synchronize(*event), DREAMER_INVALID_ARGUMENT, "never was");
  EXPECT_FAILS(gpu.elapsed(*event, *back).status(), DREAMER_INVALID_ARGUMENT, "never was");
  EXPECT_OK(gpu.record(*event, *a));
  EXPECT_OK(gpu.record(*back, *a));
  EXPECT_OK(gpu.synchronize(*back));
  EXPECT_GE(take(gpu.elapsed(*event, *back)), 0.0);
}

/// Captured work is done when the graph is launched, each time, with the host's memory of then.
TEST_F(Streams, Graphs) {
  int32_t in = 5, out = 0;
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(gpu.copyToDevice(x, &in, 4, a.get()));
  EXPECT_OK(run(y, x, 10, a.get()));
  EXPECT_OK(gpu.copyWithin(z, y, 4, a.get()));
  EXPECT_OK(gpu.copyToHost(&out, z, 4, a.get()));
  std::shared_ptr<GpuGraph> graph = take(gpu.endCapture(*a));
  EXPECT_EQ(at(y), 0);
  for (int32_t value : {6, 7}) {
    in = value;
    EXPECT_OK(gpu.launch(*graph, *b));
    EXPECT_EQ(out, value + 10);
  }
}

/// Another stream joins by waiting and must be waited for.
TEST_F(Streams, CapturesFork) {
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(run(y, x, 10, a.get()));
  EXPECT_OK(gpu.record(*event, *a));
  EXPECT_OK(gpu.wait(*b, *event));
  EXPECT_OK(run(z, y, 100, b.get()));
  EXPECT_OK(gpu.record(*back, *b));
  EXPECT_OK(gpu.wait(*a, *back));
  std::shared_ptr<GpuGraph> graph = take(gpu.endCapture(*a));
  EXPECT_EQ(at(z), 0);
  EXPECT_OK(gpu.launch(*graph, *a));
  EXPECT_EQ(at(z), 111);
  EXPECT_OK(run(z, y, 200, b.get())); // it is free again
  EXPECT_EQ(at(z), 211);
}

TEST_F(Streams, UnjoinedWorkIsRefused) {
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(gpu.record(*event, *a));
  EXPECT_OK(gpu.wait(*b, *event));
  EXPECT_OK(run(z, y, 100, b.get()));
  EXPECT_OK(gpu.record(*back, *b));
  EXPECT_OK(gpu.wait(*a, *back));
  EXPECT_OK(run(z, y, 100, b.get())); // after what was waited for
  EXPECT_FAILS(gpu.endCapture(*a).status(), DREAMER_INVALID_ARGUMENT, "1 pieces of work");
  EXPECT_OK(gpu.synchronize());
}

TEST_F(Streams, MisuseOfCaptures) {
  EXPECT_FAILS(gpu.endCapture(*a).status(), DREAMER_INVALID_ARGUMENT, "not captured");
  EXPECT_OK(gpu.record(*event, *a));
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_FAILS(gpu.beginCapture(*a), DREAMER_INVALID_ARGUMENT, "one that is");
  EXPECT_FAILS(gpu.synchronize(), DREAMER_INVALID_ARGUMENT, "no capture going on");
  EXPECT_FAILS(gpu.synchronize(*a), DREAMER_INVALID_ARGUMENT, "no capture going on");
  EXPECT_FAILS(run(y, x, 1, nullptr), DREAMER_INVALID_ARGUMENT, "no capture going on");
  EXPECT_FAILS(gpu.wait(*a, *event), DREAMER_INVALID_ARGUMENT, "one from before it");
  EXPECT_OK(gpu.record(*event, *a));
  EXPECT_FAILS(gpu.synchronize(*event), DREAMER_INVALID_ARGUMENT, "one that was captured");
  EXPECT_OK(gpu.beginCapture(*b));
  EXPECT_FAILS(gpu.wait(*b, *event), DREAMER_INVALID_ARGUMENT, "one of another");
  (void)take(gpu.endCapture(*b));
  EXPECT_OK(gpu.wait(*b, *event));
  EXPECT_FAILS(gpu.endCapture(*b).status(), DREAMER_INVALID_ARGUMENT, "one that joined it");
  (void)take(gpu.endCapture(*a));
  EXPECT_FAILS(gpu.wait(*b, *event), DREAMER_INVALID_ARGUMENT, "a capture that has ended");
  EXPECT_OK(gpu.synchronize());
}

/// A capture whose stream is gone hinders nobody.
TEST_F(Streams, AbandonedCaptures) {
  EXPECT_OK(gpu.beginCapture(*a));
  a.reset();
  EXPECT_OK(gpu.synchronize());
  EXPECT_OK(run(y, x, 1, nullptr));
}

TEST_F(Streams, GraphsWithoutTheirModule) {
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(run(y, x, 10, a.get()));
  std::shared_ptr<GpuGraph> graph = take(gpu.endCapture(*a));
  device.module.reset();
  EXPECT_FAILS(gpu.launch(*graph, *a), DREAMER_INVALID_ARGUMENT, "the module is gone");
}

TEST_F(Streams, GraphsOverFreedMemory) {
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(gpu.fill(y, 0, 4, a.get()));
  std::shared_ptr<GpuGraph> graph = take(gpu.endCapture(*a));
  EXPECT_OK(gpu.free(y));
  EXPECT_FAILS(gpu.launch(*graph, *a), DREAMER_OUT_OF_RANGE, "freed");
}

TEST_F(Streams, GraphsInGraphs) {
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(run(x, x, 1, a.get()));
  std::shared_ptr<GpuGraph> inner = take(gpu.endCapture(*a));
  EXPECT_OK(gpu.beginCapture(*a));
  EXPECT_OK(gpu.launch(*inner, *a));
  EXPECT_OK(gpu.launch(*inner, *a));
  std::shared_ptr<GpuGraph> outer = take(gpu.endCapture(*a));
  inner.reset();
  EXPECT_OK(gpu.launch(*outer, *b));
  EXPECT_EQ(at(x), 3);
}

} // namespace
} // namespace dreamer::runtime::test

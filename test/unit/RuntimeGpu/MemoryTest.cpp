// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

namespace dreamer::runtime::test {
namespace {

TEST(Memory, CopiesAndFills) {
  Device device;
  DevicePointer a = device.ints({1, 2, 3, 4}), b = take(device.gpu->allocate(16));
  EXPECT_EQ(a % 256, 0u);
  EXPECT_OK(device.gpu->copyWithin(b, a, 16));
  EXPECT_OK(device.gpu->fill(b + 4, 0xff, 8));
  EXPECT_EQ(device.read(b, 4), (std::vector<int32_t>{1, -1, -1, 4}));
  EXPECT_OK(device.gpu->copyToDevice(a, nullptr, 0));
}

TEST(Memory, Bounds) {
  Device device;
  DevicePointer a = device.ints({1, 2, 3, 4}), b = device.ints({0, 0, 0, 0});
  int32_t host[5] = {};
  EXPECT_FAILS(device.gpu->copyToDevice(a, host, 20), DREAMER_OUT_OF_RANGE, "20 bytes at 0x");
  EXPECT_FAILS(device.gpu->copyToHost(host, a + 4, 16), DREAMER_OUT_OF_RANGE,
               "4 bytes from the beginning of 16 bytes that are allocated");
  EXPECT_FAILS(device.gpu->copyWithin(b, a + 1, 16), DREAMER_OUT_OF_RANGE, "copyWithin");
  EXPECT_FAILS(device.gpu->fill(a + 16, 0, 1), DREAMER_OUT_OF_RANGE, "fill");
  EXPECT_FAILS(device.gpu->fill(64, 0, 1), DREAMER_OUT_OF_RANGE, "1 bytes at 0x40");
  EXPECT_FAILS(device.gpu->copyToHost(host, a, ~size_t(0)), DREAMER_OUT_OF_RANGE, "copyToHost");
  EXPECT_FAILS(device.gpu->copyToHost(nullptr, a, 4), DREAMER_INVALID_ARGUMENT, "found null");
  EXPECT_FAILS(device.gpu->copyWithin(a, a + 4, 8), DREAMER_INVALID_ARGUMENT, "two places apart");
  EXPECT_FAILS(device.gpu->allocate(0).status(), DREAMER_INVALID_ARGUMENT, "at least 1 byte");
  EXPECT_FAILS(device.gpu->allocate(~size_t(0)).status(), DREAMER_OUT_OF_MEMORY, "allocate");
}

TEST(Memory, Freeing) {
  Device device;
  DevicePointer a = device.ints({1, 2, 3, 4});
  EXPECT_FAILS(device.gpu->free(a + 4), DREAMER_INVALID_ARGUMENT, "the beginning of an allocation");
  EXPECT_OK(device.gpu->free(a));
  EXPECT_FAILS(device.gpu->free(a), DREAMER_INVALID_ARGUMENT, "freed already");
  int32_t host = 0;
  DevicePointer b = device.ints({1});
  EXPECT_FAILS(device.gpu->copyToHost(&host, a, 4), DREAMER_OUT_OF_RANGE, "that are freed");
  EXPECT_FAILS(device.gpu->copyToDevice(a, &host, 4), DREAMER_OUT_OF_RANGE, "that are freed");
  EXPECT_FAILS(device.gpu->copyWithin(a, b, 4), DREAMER_OUT_OF_RANGE, "that are freed");
  EXPECT_FAILS(device.gpu->fill(a, 0, 4), DREAMER_OUT_OF_RANGE, "that are freed");
}

constexpr std::string_view variables = R"(
target triple = "nvptx64-nvidia-cuda"
@counter = addrspace(1) global i32 7
@table = addrspace(4) externally_initialized constant [2 x i32] [i32 10, i32 20]
@fixed = addrspace(1) constant i32 5
define ptx_kernel void @add(ptr addrspace(1) %out) {
  %c = load i32, ptr addrspace(1) @counter
  %t = load i32, ptr addrspace(4) getelementptr ([2 x i32], ptr addrspace(4) @table, i32 0, i32 1)
  %f = load i32, ptr addrspace(1) @fixed
  %s = add i32 %c, %t
  %r = add i32 %s, %f
  store i32 %r, ptr addrspace(1) %out
  ret void
}
)";

TEST(Modules, Variables) {
  Device device(variables);
  DevicePointer out = device.ints({0});
  GpuArgument arguments[] = {out};
  EXPECT_OK(device.gpu->launch(device.function("add"), {}, arguments));
  EXPECT_EQ(device.read(out, 1)[0], 32);
  GpuVariable counter = take(device.module->variable("counter")),
              table = take(device.module->variable("table")),
              fixed = take(device.module->variable("fixed"));
  EXPECT_EQ(counter.bytes, 4u);
  EXPECT_EQ(table.bytes, 8u);
  int32_t values[] = {100, 1000};
  EXPECT_OK(device.gpu->copyToDevice(counter.address, &values[0], 4));
  EXPECT_OK(device.gpu->copyToDevice(table.address + 4, &values[1], 4));
  EXPECT_OK(device.gpu->launch(device.function("add"), {}, arguments));
  EXPECT_EQ(device.read(out, 1)[0], 1105);
  EXPECT_FAILS(device.gpu->copyToDevice(fixed.address, values, 4), DREAMER_INVALID_ARGUMENT,
               "externally_initialized");
  EXPECT_EQ(device.read(fixed.address, 1)[0], 5);
  EXPECT_FAILS(device.module->variable("tabel").status(), DREAMER_NOT_FOUND,
               "did you mean 'table'?");
  device.module.reset();
  EXPECT_FAILS(device.gpu->copyToDevice(counter.address, values, 4), DREAMER_OUT_OF_RANGE,
               "4 bytes");
}

TEST(Modules, Refusals) {
  Device device;
  auto refuse = [&](const GpuImage &image) { return device.gpu->load(image).status(); };
  EXPECT_FAILS(refuse({}), DREAMER_INVALID_ARGUMENT, "module: expected LLVM IR");
  EXPECT_FAILS(refuse({"k", {}, ".version 8.0", {}}), DREAMER_INVALID_ARGUMENT,
               "k: expected LLVM IR");
  EXPECT_FAILS(refuse(imageOf("define what")), DREAMER_BAD_FILE,
               "test: expected LLVM IR, text or bitcode");
  EXPECT_FAILS(refuse(imageOf("target triple = \"x86_64-linux-gnu\"")), DREAMER_INCOMPATIBLE,
               "nvptx64");
  EXPECT_FAILS(refuse(imageOf("declare void @llvm.nvvm.tcgen05.wait.ld()\n"
                              "define ptx_kernel void @k() {\n"
                              "call void @llvm.nvvm.tcgen05.wait.ld()\nret void\n}")),
               DREAMER_INCOMPATIBLE, "tcgen05.wait.ld");
}

TEST(TensorMaps, AreChecked) {
  Device device;
  DevicePointer tensor = take(device.gpu->allocate(4096));
  TensorMapRequest request;
  request.type = 7; // f32
  request.rank = 2;
  request.address = tensor;
  request.dims = {32, 32};
  request.strides = {128};
  request.box = {8, 8};
  request.elementSteps = {1, 1};
  EXPECT_OK(device.gpu->encodeTensorMap(request).status());
  request.strides = {100};
  EXPECT_FAILS(device.gpu->encodeTensorMap(request).status(), DREAMER_INVALID_ARGUMENT,
               "tensor map: expected strides[0] to be a multiple of 16");
}

} // namespace
} // namespace dreamer::runtime::test

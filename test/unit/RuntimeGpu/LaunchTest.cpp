// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

namespace dreamer::runtime::test {
namespace {

constexpr std::string_view kernels = R"(
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.cluster.ctarank()
@dynamic = external addrspace(3) global [0 x i32], align 16

; out[block] += value, by thread 0 of each
define ptx_kernel void @add(ptr addrspace(1) %out, i32 %value) {
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %b
  %o = load i32, ptr addrspace(1) %p
  %n = add i32 %o, %value
  store i32 %n, ptr addrspace(1) %p
  ret void
}
; every thread writes the same place without order
define ptx_kernel void @race(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  store i32 %t, ptr addrspace(1) %out
  ret void
}
; the last word of so many bytes of dynamic shared memory
define ptx_kernel void @shared(ptr addrspace(1) %out, i32 %last) {
  %p = getelementptr i32, ptr addrspace(3) @dynamic, i32 %last
  store i32 42, ptr addrspace(3) %p
  %v = load i32, ptr addrspace(3) %p
  store i32 %v, ptr addrspace(1) %out
  ret void
}
; the rank of each block in its cluster
define ptx_kernel void @ranks(ptr addrspace(1) %out) {
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %r = call i32 @llvm.nvvm.read.ptx.sreg.cluster.ctarank()
  %p = getelementptr i32, ptr addrspace(1) %out, i32 %b
  store i32 %r, ptr addrspace(1) %p
  ret void
}
; an argument by value, as tensor maps are
define ptx_kernel void @byvalue(ptr addrspace(1) %out, ptr byval([32 x i32]) align 64 %in) {
  %p = getelementptr i32, ptr %in, i32 31
  %v = load i32, ptr %p
  store i32 %v, ptr addrspace(1) %out
  ret void
}
)";

TEST(Launch, Grid) {
  Device device(kernels);
  DevicePointer out = device.ints({1, 2, 3, 4});
  int32_t value = 10;
  GpuArgument arguments[] = {out, value};
  EXPECT_OK(device.gpu->launch(device.function("add"), {.grid = {4, 1, 1}}, arguments));
  EXPECT_EQ(device.read(out, 4), (std::vector<int32_t>{11, 12, 13, 14}));
}

TEST(Launch, ArgumentsAreChecked) {
  Device device(kernels);
  DevicePointer out = device.ints({0});
  int64_t wide = 1;
  GpuArgument one[] = {out}, wrong[] = {out, wide};
  EXPECT_FAILS(device.gpu->launch(device.function("add"), {}, one), DREAMER_INVALID_ARGUMENT,
               "kernel add: expected 2 arguments, found 1");
  EXPECT_FAILS(device.gpu->launch(device.function("add"), {}, wrong), DREAMER_INVALID_ARGUMENT,
               "argument 1: expected 4 bytes, found 8");
  EXPECT_FAILS(device.module->function("ad").status(), DREAMER_NOT_FOUND, "did you mean 'add'?");
}

TEST(Launch, ArgumentsByValue) {
  Device device(kernels);
  DevicePointer out = device.ints({0});
  std::array<int32_t, 32> in{};
  in[31] = 77;
  GpuArgument arguments[] = {out, in};
  EXPECT_OK(device.gpu->launch(device.function("byvalue"), {}, arguments));
  EXPECT_EQ(device.read(out, 1)[0], 77);
}

/// What a device would refuse is a failure of the call.
TEST(Launch, ShapesAreChecked) {
  Device device(kernels);
  DevicePointer out = device.ints({0});
  GpuArgument arguments[] = {out};
  GpuFunction &ranks = device.function("ranks");
  EXPECT_FAILS(device.gpu->launch(ranks, {.block = {2048, 1, 1}}, arguments),
               DREAMER_INVALID_ARGUMENT, "found 2048x1x1");
  EXPECT_FAILS(device.gpu->launch(ranks, {.grid = {3, 1, 1}, .cluster = {2, 1, 1}}, arguments),
               DREAMER_INVALID_ARGUMENT, "whole clusters");
  EXPECT_FAILS(device.gpu->launch(ranks, {.dynamicSharedBytes = 256 << 10}, arguments),
               DREAMER_INVALID_ARGUMENT, "shared memory");
  EXPECT_FAILS(device.gpu->launch(ranks, {.grid = {5000, 1, 1}, .cooperative = true}, arguments),
               DREAMER_INVALID_ARGUMENT, "at most 4224 blocks in a cooperative launch");
}

TEST(Launch, Clusters) {
  Device device(kernels);
  DevicePointer out = device.ints({9, 9, 9, 9});
  GpuArgument arguments[] = {out};
  EXPECT_OK(device.gpu->launch(device.function("ranks"), {.grid = {4, 1, 1}, .cluster = {2, 1, 1}},
                               arguments));
  EXPECT_EQ(device.read(out, 4), (std::vector<int32_t>{0, 1, 0, 1}));
}

TEST(Launch, DynamicSharedMemory) {
  Device device(kernels);
  DevicePointer out = device.ints({0});
  int32_t last = 25599;
  GpuArgument arguments[] = {out, last};
  GpuFunction &shared = device.function("shared");
  EXPECT_OK(device.gpu->launch(shared, {.dynamicSharedBytes = 102400}, arguments));
  EXPECT_EQ(device.read(out, 1)[0], 42);
  EXPECT_FAILS(device.gpu->launch(shared, {.dynamicSharedBytes = 102396}, arguments),
               DREAMER_ENTRY_FAILED, "bounds");
}

/// A launch with findings fails with their text; they can be fetched once. The device goes on.
TEST(Launch, Findings) {
  for (GpuOptions options : {GpuOptions{}, GpuOptions{.lazy = true, .seed = 3, .workers = 2}}) {
    Device device(kernels, options);
    DevicePointer out = device.ints({0});
    GpuArgument arguments[] = {out};
    GpuFunction &race = device.function("race");
    EXPECT_FAILS(device.gpu->launch(race, {.block = {64, 1, 1}}, arguments), DREAMER_ENTRY_FAILED,
                 "race: kernel race");
    std::vector<std::string> findings = device.gpu->takeFindings();
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_THAT(findings[0], HasSubstr("race: kernel race"));
    EXPECT_TRUE(device.gpu->takeFindings().empty());
    EXPECT_OK(device.gpu->launch(race, {}, arguments));
  }
}

/// A bulk copy right after the init of its mbarrier.
constexpr std::string_view unfenced = R"(
target triple = "nvptx64-nvidia-cuda"
@bytes = internal addrspace(3) global [32 x i8] undef, align 16
define ptx_kernel void @copy(ptr addrspace(1) %x) {
  %to = ptrtoint ptr addrspace(3) @bytes to i32
  %bar = add i32 %to, 16
  call void asm sideeffect "{ .reg .pred p; mbarrier.init.shared::cta.b64 [$0], 1; mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 16; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [$1], [$2], 16, [$0]; WAIT: mbarrier.try_wait.parity.shared::cta.b64 p, [$0], 0; @p bra DONE; bra WAIT; DONE: }", "r,r,l,~{memory}"(i32 %bar, i32 %to, ptr addrspace(1) %x)
  ret void
}
)";

TEST(Launch, StrictChecks) {
  for (bool strict : {false, true}) {
    Device device(unfenced, {.strict = strict});
    DevicePointer x = device.ints({1, 2, 3, 4});
    GpuArgument arguments[] = {x};
    Status status = device.gpu->launch(device.function("copy"), {}, arguments);
    if (strict)
      EXPECT_FAILS(status, DREAMER_ENTRY_FAILED,
                   "no fence comes between that and its mbarrier.init");
    else
      EXPECT_OK(status);
  }
  Device device(unfenced, {.check = false, .strict = true});
  DevicePointer x = device.ints({1, 2, 3, 4});
  GpuArgument arguments[] = {x};
  EXPECT_FAILS(device.gpu->launch(device.function("copy"), {}, arguments), DREAMER_INVALID_ARGUMENT,
               "strict: expected a launch with checks");
}

TEST(Launch, WithoutChecksNothingIsFound) {
  Device device(kernels, {.check = false});
  DevicePointer out = device.ints({0});
  GpuArgument arguments[] = {out};
  EXPECT_OK(device.gpu->launch(device.function("race"), {.block = {64, 1, 1}}, arguments));
  EXPECT_TRUE(device.gpu->takeFindings().empty());
}

/// What the host has not written is unknown; copies and fills make it known.
TEST(Launch, UninitialisedMemory) {
  Device device(kernels);
  DevicePointer out = take(device.gpu->allocate(4));
  int32_t value = 1;
  GpuArgument arguments[] = {out, value};
  EXPECT_FAILS(device.gpu->launch(device.function("add"), {}, arguments), DREAMER_ENTRY_FAILED,
               "uninitialised");
  DevicePointer other = take(device.gpu->allocate(4));
  EXPECT_OK(device.gpu->fill(other, 0, 4));
  arguments[0] = GpuArgument(other);
  EXPECT_OK(device.gpu->launch(device.function("add"), {}, arguments));
}

TEST(Launch, ObjectsOfAnotherDevice) {
  Device one(kernels), other(kernels);
  DevicePointer out = one.ints({0});
  GpuArgument arguments[] = {out};
  EXPECT_FAILS(one.gpu->launch(other.function("ranks"), {}, arguments), DREAMER_INVALID_ARGUMENT,
               "another device");
  std::shared_ptr<GpuStream> stream = take(other.gpu->createStream());
  EXPECT_FAILS(one.gpu->fill(out, 0, 4, stream.get()), DREAMER_INVALID_ARGUMENT, "another device");
}

} // namespace
} // namespace dreamer::runtime::test

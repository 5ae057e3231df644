// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Kernels.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

/// What the host writes is initialised, where it can be written at all.
TEST(GlobalMemory, HostWrites) {
  constexpr size_t bytes = 40000; // several parts
  Bench bench(1);
  std::byte *array = bench.memory.allocate(bytes);
  auto reads = [&](size_t offset) {
    return [=](Thread &) { test::load<uint8_t>(slotOf(array + offset), Space::Global); };
  };
  bench.expectFound(Check::Uninitialised, "nobody wrote", reads(20));
  EXPECT_TRUE(bench.memory.hostWrote(array + 20, bytes - 40));
  for (size_t offset : {size_t(20), size_t(16383), size_t(16384), bytes - 21})
    bench.expectRight(reads(offset));
  for (size_t offset : {size_t(19), bytes - 20})
    bench.expectFound(Check::Uninitialised, "nobody wrote", reads(offset));
  EXPECT_FALSE(bench.memory.hostWrote(array + 20, bytes));
  EXPECT_FALSE(bench.memory.hostWrote(array - 1, 1));
  ASSERT_TRUE(bench.memory.free(array));
  EXPECT_FALSE(bench.memory.hostWrote(array, 1));
  EXPECT_FALSE(bench.memory.hostWrote(array, bytes));
}

} // namespace
} // namespace dreamer::emulator::test

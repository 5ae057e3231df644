// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Kernels.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

const Op init("mbarrier.init.shared", 2),
    arriveExpect("mbarrier.arrive.expect.tx.scope.cta.space.cta", 2, 1),
    fence("fence.proxy.async.shared_cta", 0), commit("cp.async.bulk.commit.group", 0),
    waitGroup("cp.async.bulk.wait.group", 1), waitRead("cp.async.bulk.wait.group.read", 1),
    load("cp.async.bulk.global.to.shared.cta", 6),
    storeBulk("cp.async.bulk.shared.cta.to.global", 5),
    storeMasked("cp.async.bulk.shared.cta.to.global.bytemask", 6);

const Loop wait("mbarrier.try.wait.parity.scope.cta.space.cta");

constexpr uint32_t bar = 0, at = 256;

uint8_t pattern(size_t i) { return i * 7 + 3; }
void fillShared(uint32_t offset, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i)
    store<uint8_t>(offset + i, pattern(i));
}

TEST(BulkCopy, Loads) {
  Bench bench(1, 1, 32 << 10);
  auto *source = bench.array<uint8_t>(20480, pattern);
  const Op cluster("cp.async.bulk.global.to.shared.cluster", 8, 0, {{}, {}, {}, {}, {}, {}, 0, 0}),
      ptx("%cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes", 4),
      hinted("%cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes.L2::cache_hint", 5);
  bench.expectRight([&](Thread &) {
    init(bar, 1);
    fence();
    uint32_t phase = 0;
    for (uint32_t bytes : {16u, 48u, 1024u, 20000u})
      for (int form = 0; form < 4; ++form) {
        uint64_t from = slotOf(source + 16 * form);
        arriveExpect(bar, bytes);
        if (form == 0)
          load(at, bar, from, bytes, 0, 0);
        else if (form == 1)
          cluster(at, bar, from, bytes, 0, 0, 0, 0);
        else if (form == 2)
          ptx(at, from, bytes, bar);
        else
          hinted(at, from, bytes, bar, 0);
        wait(bar, phase++ & 1);
        unsigned wrong = 0;
        for (uint32_t i = 0; i < bytes; i += 8) {
          uint64_t expected;
          std::memcpy(&expected, source + 16 * form + i, 8);
          wrong += test::load<uint64_t>(at + i) != expected;
        }
        EXPECT_EQ(wrong, 0u) << bytes << " bytes, form " << form;
      }
  });
}

TEST(BulkCopy, Stores) {
  Bench bench(1, 1, 8 << 10);
  auto *result = bench.array<uint8_t>(4096);
  const Op ptx("%cp.async.bulk.global.shared::cta.bulk_group", 3);
  bench.prepare = [&] { std::memset(result, 0, 4096); };
  for (bool asPtx : {false, true})
    bench.expectRight(
        [&](Thread &) {
          fillShared(at, 2048);
          fence();
          if (asPtx)
            ptx(slotOf(result + 16), at, 2048);
          else
            storeBulk(slotOf(result + 16), at, 2048, 0, 0);
          commit();
          waitGroup(0);
          EXPECT_EQ(test::load<uint8_t>(slotOf(result + 16), Space::Global), pattern(0));
        },
        [&] {
          for (unsigned i = 0; i < 2048; ++i)
            ASSERT_EQ(result[16 + i], pattern(i));
          EXPECT_EQ(result[15], 0);
          EXPECT_EQ(result[16 + 2048], 0);
        });
}

TEST(BulkCopy, StoresSomeBytes) {
  Bench bench(1);
  auto *result = bench.array<uint8_t>(64);
  const Op ptx("%cp.async.bulk.global.shared::cta.bulk_group.cp_mask", 4);
  bench.prepare = [&] { std::memset(result, 0, 64); };
  for (uint32_t mask : {0xffffu, 0x8001u, 0x0ff0u, 0u, 0x5a3cu})
    for (bool asPtx : {false, true})
      bench.expectRight(
          [&](Thread &) {
            fillShared(at, 64);
            fence();
            if (asPtx)
              ptx(slotOf(result), at, 64, mask);
            else
              storeMasked(slotOf(result), at, 64, 0, 0, mask);
            commit();
            waitGroup(0);
          },
          [&] {
            for (unsigned i = 0; i < 64; ++i)
              EXPECT_EQ(result[i], mask >> i % 16 & 1 ? pattern(i) : 0);
          });
}

TEST(BulkCopy, Reduces) {
  Bench bench(1);
  auto *result = bench.array<uint32_t>(8);
  const Op add("%cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32", 3),
      most("%cp.reduce.async.bulk.global.shared::cta.bulk_group.max.s32", 3),
      local(
          "%cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.xor.b32",
          4);
  bench.prepare = [&] {
    for (uint32_t i = 0; i < 8; ++i)
      result[i] = i;
    bench.memory.hostWrote(reinterpret_cast<std::byte *>(result), 32);
  };
  bench.expectRight(
      [&](Thread &) {
        init(bar, 1);
        for (uint32_t i = 0; i < 8; ++i) {
          store<int32_t>(at + i * 4, 40 - int32_t(i) * 10);
          store<int32_t>(at + 64 + i * 4, 0x55);
        }
        fence();
        add(slotOf(result), at, 16);
        most(slotOf(result + 4), at + 16, 16);
        commit();
        arriveExpect(bar, 32);
        local(at + 64, at, 32, bar);
        wait(bar, 0);
        for (uint32_t i = 0; i < 8; ++i)
          EXPECT_EQ(test::load<int32_t>(at + 64 + i * 4), 0x55 ^ (40 - int32_t(i) * 10));
        waitGroup(0);
      },
      [&] {
        for (int32_t i = 0; i < 8; ++i)
          EXPECT_EQ(int32_t(result[i]), i < 4 ? i + 40 - i * 10 : std::max(i, 40 - i * 10));
      });
}

TEST(BulkCopy, UnknownFormsAreRefused) {
  EXPECT_FALSE(Op::make("cp.async.bulk.global.to.shared.cta", 5));
  EXPECT_FALSE(Op::make("cp.async.bulk.shared.cta.to.shared.cta", 4));
  EXPECT_FALSE(Op::make("%cp.reduce.async.bulk.global.shared::cta.bulk_group.min.f32", 3));
  EXPECT_FALSE(Op::make("%cp.reduce.async.bulk.global.shared::cta.bulk_group.and.f16", 3));
  EXPECT_FALSE(Op::make(
      "%cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.f32", 4));
  EXPECT_FALSE(Op::make("%cp.async.bulk.shared::cta.shared::cta.mbarrier::complete_tx::bytes", 4));
  EXPECT_FALSE(Op::make("cp.async.bulk.wait.group.write", 1));
}

TEST(BulkCopy, Prefetch) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(64, pattern);
  const Op prefetch("cp.async.bulk.prefetch.L2", 4), ptx("%cp.async.bulk.prefetch.L2.global", 2);
  bench.expectRight([&](Thread &) {
    prefetch(slotOf(source), 64, 0, 0);
    ptx(slotOf(source + 16), 48);
  });
  bench.expectFound(Check::Bounds, "prefetch of 64 bytes",
                    [&](Thread &) { ptx(slotOf(source + 16), 64); });
}

//===-- What can go wrong -----------------------------------------------------------------------------------------===//

TEST(BulkCopy, Misaligned) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(128, pattern);
  auto kernel = [&](uint32_t to, uint32_t from, uint32_t bytes) {
    return [=](Thread &) {
      init(bar, 1);
      fence();
      load(to, bar, slotOf(source + from), bytes, 0, 0);
    };
  };
  bench.expectFound(Check::Alignment, "multiple of 16, found 264", kernel(264, 0, 16));
  bench.expectFound(Check::Alignment, "found one that is 8 above", kernel(256, 8, 16));
  bench.expectFound(Check::Bounds, "expected a global address, found null", [&](Thread &) {
    init(bar, 1);
    load(256, bar, 0, 0, 0, 0);
  });
  bench.expectFound(Check::Alignment, "size that is a multiple of 16, found 24",
                    kernel(256, 0, 24));
}

TEST(BulkCopy, OutsideOfMemory) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(128, pattern);
  bench.expectFound(Check::Bounds, "read of 64 bytes at byte 96", [&](Thread &) {
    init(bar, 1);
    fence();
    arriveExpect(bar, 64);
    load(at, bar, slotOf(source + 96), 64, 0, 0);
    wait(bar, 0); // goes on
  });
  bench.expectFound(Check::Bounds, "shared access to 128 bytes at 4032", [&](Thread &) {
    init(bar, 1);
    load(4032, bar, slotOf(source), 128, 0, 0);
  });
  bench.expectFound(Check::Bounds, "write of 64 bytes at byte 80", [&](Thread &) {
    fillShared(at, 64);
    fence();
    storeBulk(slotOf(source + 80), at, 64, 0, 0);
    commit();
    waitGroup(0);
  });
}

TEST(BulkCopy, OverAnMBarrier) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(128, pattern);
  bench.expectFound(Check::Operand, "only mbarrier instructions may touch it", [&](Thread &) {
    init(bar, 1);
    init(at + 8, 1);
    fence();
    arriveExpect(bar, 64);
    load(at, bar, slotOf(source), 64, 0, 0);
    wait(bar, 0);
  });
}

/// Reads of a store's result by another thread, after the storing one has or has not waited.
TEST(BulkCopy, ResultsAreOrdered) {
  Bench bench(64);
  auto *result = bench.array<uint8_t>(64);
  auto kernel = [&](bool waits) {
    return [=](Thread &thread) {
      if (thread.index == 0) {
        fillShared(at, 64);
        fence();
        storeBulk(slotOf(result), at, 64, 0, 0);
        commit();
        if (waits)
          waitGroup(0);
      }
      syncThreads();
      if (thread.index == 40)
        test::load<uint8_t>(slotOf(result + 5), Space::Global);
      syncThreads();
      if (thread.index == 0)
        waitGroup(0);
    };
  };
  bench.expectFound(Check::InFlight, "still writing", kernel(false));
  bench.expectRight(kernel(true));
}

} // namespace
} // namespace dreamer::emulator::test

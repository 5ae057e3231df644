// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Kernels.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

const Op copy16("cp.async.cg.shared.global.16", 2), commit("cp.async.commit.group", 0),
    waitGroup("cp.async.wait.group", 1), waitAll("cp.async.wait.all", 0);

uint8_t pattern(size_t i) { return i * 7 + 3; }

struct Form {
  std::string name;
  unsigned bytes;
  bool ptx = false;
};

void PrintTo(const Form &form, std::ostream *out) { *out << form.name << " " << form.bytes; }

class AsyncCopyForms : public testing::TestWithParam<Form> {};

/// Every size, with every length of the source: the rest is zero.
TEST_P(AsyncCopyForms, CopyAndFill) {
  unsigned bytes = GetParam().bytes;
  bool ptx = GetParam().ptx;
  Op plain(GetParam().name, ptx ? 3 : 2, 0, {{}, {}, bytes});
  Op sized(GetParam().name + (ptx ? "" : ".s"), ptx ? 4 : 3, 0, {{}, {}, bytes});
  Bench bench(17);
  auto *source = bench.array<uint8_t>(17 * 16, pattern);
  auto *result = bench.array<uint8_t>(2 * 17 * 16);
  auto check = [&] {
    for (unsigned i = 0; i < 2 * 17 * bytes; ++i) {
      unsigned thread = i / (2 * bytes), at = i % bytes;
      bool filled = i / bytes % 2 && at >= thread % (bytes + 1);
      EXPECT_EQ(result[i], filled ? 0 : pattern(thread * bytes + at)) << GetParam().name << i;
    }
  };
  bench.expectRight(
      [&](Thread &thread) {
        unsigned at = thread.index * 2 * bytes;
        uint64_t from = slotOf(source + thread.index * bytes);
        if (ptx) {
          plain(at, from, bytes);
          sized(at + bytes, from, bytes, thread.index % (bytes + 1));
        } else {
          plain(at, from);
          sized(at + bytes, from, thread.index % (bytes + 1));
        }
        waitAll();
        syncThreads();
        for (unsigned i = 0; i < 2 * bytes; ++i)
          store(slotOf(result + at + i), load<uint8_t>(at + i), Space::Global);
      },
      check);
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, AsyncCopyForms,
    testing::Values(Form{"cp.async.ca.shared.global.4", 4}, Form{"cp.async.ca.shared.global.8", 8},
                    Form{"cp.async.ca.shared.global.16", 16},
                    Form{"cp.async.cg.shared.global.16", 16},
                    Form{"%cp.async.ca.shared.global", 4, true},
                    Form{"%cp.async.ca.shared::cta.global.L2::128B", 8, true},
                    Form{"%cp.async.cg.shared::cta.global.L2::256B", 16, true}));

TEST(AsyncCopy, UnknownFormsAreRefused) {
  EXPECT_FALSE(Op::make("cp.async.cg.shared.global.8", 2));
  EXPECT_FALSE(Op::make("cp.async.ca.shared.global.32", 2));
  EXPECT_FALSE(Op::make("%cp.async.ca.shared.global", 3, 0, {{}, {}, 5}));
  EXPECT_FALSE(Op::make("%cp.async.ca.shared.global", 3));
  EXPECT_FALSE(Op::make("cp.async.ca.global.shared.4", 2));
  EXPECT_FALSE(Op::make("cp.async.wait.groups", 1));
}

/// Two stages in flight, the older waited for.
TEST(AsyncCopy, Groups) {
  Bench bench(32);
  auto *source = bench.array<uint8_t>(8 * 512, pattern);
  auto *result = bench.array<uint32_t>(8 * 32);
  bench.expectRight(
      [&](Thread &thread) {
        auto issue = [&](unsigned step) {
          copy16(step % 2 * 512 + thread.index * 16,
                 slotOf(source + step * 512 + thread.index * 16));
          commit();
        };
        issue(0);
        for (unsigned step = 0; step < 8; ++step) {
          if (step < 7)
            issue(step + 1);
          else
            commit(); // an empty group
          waitGroup(1);
          syncThreads();
          unsigned other = (thread.index + 5) % 32;
          store(slotOf(result + step * 32 + thread.index),
                load<uint32_t>(step % 2 * 512 + other * 16 + 4), Space::Global);
          syncThreads();
        }
      },
      [&] {
        for (unsigned i = 0; i < 8 * 32; ++i) {
          uint32_t expected;
          uint8_t bytes[4];
          for (unsigned b = 0; b < 4; ++b)
            bytes[b] = pattern(i / 32 * 512 + (i % 32 + 5) % 32 * 16 + 4 + b);
          std::memcpy(&expected, bytes, 4);
          EXPECT_EQ(result[i], expected);
        }
      });
}

TEST(AsyncCopy, ReadBeforeWait) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(64, pattern);
  bench.expectFound(Check::InFlight, "still writing", [&](Thread &) {
    copy16(0, slotOf(source));
    commit();
    copy16(16, slotOf(source));
    commit();
    waitGroup(1);
    load<uint32_t>(0);
    load<uint32_t>(16);
    waitAll();
  });
}

TEST(AsyncCopy, SourceWrittenBeforeWait) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(64, pattern);
  bench.expectFound(Check::InFlight, "still reading", [&](Thread &) {
    copy16(0, slotOf(source));
    store<uint32_t>(slotOf(source), 1, Space::Global);
    waitAll();
  });
}

TEST(AsyncCopy, WaitIsForTheOwnThreadOnly) {
  Bench bench(64);
  auto *source = bench.array<uint8_t>(1024, pattern);
  bench.expectFound(
      Check::Race, "not ordered",
      [&](Thread &thread) {
        copy16(thread.index * 16, slotOf(source + thread.index * 16));
        waitAll();
        static const Op warp("bar.warp.sync", 1);
        warp(0xffffffff);
        if (thread.index == 40) // long after
          for (int i = 0; i < 3; ++i)
            thread.yield();
        load<uint32_t>((thread.index + 32) % 64 * 16);
      },
      Bench::Eagerly);
}

TEST(AsyncCopy, Misaligned) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(64, pattern);
  bench.expectFound(Check::Alignment, "multiple of 16, found 8", [&](Thread &) {
    copy16(8, slotOf(source));
    waitAll();
  });
  bench.expectFound(Check::Alignment, "multiple of 16, found one that is 4 above", [&](Thread &) {
    copy16(16, slotOf(source + 4));
    waitAll();
  });
}

TEST(AsyncCopy, OutsideOfItsSource) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(40, pattern);
  static const Op sized("cp.async.ca.shared.global.16.s", 3);
  bench.expectFound(Check::Bounds, "read of 16 bytes at byte 32", [&](Thread &) {
    copy16(0, slotOf(source + 32));
    waitAll();
  });
  // The way to do it: fewer bytes, and of none the address does not matter.
  bench.expectRight([&](Thread &) {
    sized(0, slotOf(source + 32), 8);
    sized(16, slotOf(source + 48), 0);
    waitAll();
    EXPECT_EQ(load<uint64_t>(8), 0u);
    EXPECT_EQ(load<uint64_t>(16), 0u);
  });
  bench.expectFound(Check::Operand, "at most 16 bytes, found 17", [&](Thread &) {
    sized(0, slotOf(source), 17);
    waitAll();
  });
}

TEST(AsyncCopy, EndWithCopiesPending) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(64, pattern);
  bench.expectFound(Check::Exit, "before its copy has been waited for", [&](Thread &) {
    copy16(0, slotOf(source));
    commit();
    copy16(16, slotOf(source)); // in no group
    waitGroup(0);
  });
}

TEST(AsyncCopy, TwoCopiesToOnePlace) {
  Bench bench(1);
  auto *source = bench.array<uint8_t>(64, pattern);
  bench.expectFound(Check::InFlight, "still writing", [&](Thread &) {
    copy16(0, slotOf(source));
    copy16(0, slotOf(source + 16));
    waitAll();
  });
}

} // namespace
} // namespace dreamer::emulator::test

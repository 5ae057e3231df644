// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Wrong kernels around wgmma, each with a right twin.

#include "lib/Emulator/Machine/Operations/WarpgroupMma.h"
#include "test/unit/EmulatorMatrix/WarpgroupKernel.h"

namespace dreamer::emulator::test {

namespace {

constexpr unsigned n = 16, accumulators = n / 2, operands = accumulators + 7;
constexpr uint32_t baseOfB = 8192, sharedBytes = 16384;
const OperandLayout layout;

/// A kernel's instructions. Operands are ones: sums count.
struct Steps : WarpgroupCommon {
  std::unique_ptr<Operation> first = make("first"), second = make("second");
  std::vector<std::byte> image;

  Steps() : image(baseOfB + layout.bytes(n)) {
    auto one = [](unsigned, unsigned) { return encode(1, Format::F16); };
    layout.fill(image.data(), 64, 64, 16, one);
    layout.fill(image.data() + baseOfB, n, 64, 16, one);
  }

  void prepare(Thread &thread, bool proxyFence = true, bool barrier = true) const {
    storeAll(thread, image);
    if (proxyFence)
      fence(thread);
    if (barrier)
      sync(thread);
  }
  /// Accumulators from `slots` and back into them.
  void multiply(Thread &thread, uint64_t *slots, const Operation &operation,
                bool keep = true) const {
    uint64_t all[operands + accumulators] = {};
    std::copy_n(slots, accumulators, all);
    const uint64_t rest[] = {layout.descriptor(0, 64) + changeA,
                             layout.descriptor(baseOfB, n) + changeB,
                             keep,
                             1,
                             1,
                             0,
                             0};
    std::copy_n(rest, 7, all + accumulators);
    operation.execute(thread, all);
    std::copy_n(all + operands, accumulators, slots);
  }
  void multiply(Thread &thread, uint64_t *slots) const { multiply(thread, slots, *first); }

  uint64_t changeA = 0, changeB = 0;

private:
  static std::unique_ptr<Operation> make(const char *location) {
    auto operation =
        ptx("wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16", operands, accumulators);
    operation->site.location = location;
    return operation;
  }
};

using Kernel = std::function<void(const Steps &, Thread &)>;

std::vector<LaunchOptions> checkedVariants() {
  std::vector<LaunchOptions> all;
  for (const LaunchOptions &options : variants())
    if (options.check)
      all.push_back(options);
  return all;
}

void expectNothing(const Kernel &kernel, const Steps &steps = {}, unsigned threads = 128) {
  for (const LaunchOptions &options : checkedVariants()) {
    auto findings = run(threads, sharedBytes, [&](Thread &t) { kernel(steps, t); }, options);
    EXPECT_TRUE(findings.empty()) << text(findings);
  }
}

/// In each way to run it: some finding, all of them of these checks.
void expectOnly(std::vector<Check> checks, const Kernel &kernel, const Steps &steps = {},
                unsigned threads = 128) {
  for (const LaunchOptions &options : checkedVariants()) {
    auto findings = run(threads, sharedBytes, [&](Thread &t) { kernel(steps, t); }, options);
    EXPECT_FALSE(findings.empty());
    for (const Finding &finding : findings)
      EXPECT_NE(std::find(checks.begin(), checks.end(), finding.check), checks.end())
          << toString(finding);
  }
}

} // namespace

TEST(WarpgroupChecks, RightKernels) {
  expectNothing([](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {};
    s.prepare(t);
    s.arrive(t);
    for (int i = 0; i < 3; ++i)
      s.multiply(t, slots);
    s.commit(t);
    s.wait(t, 0);
    EXPECT_EQ(slots[3], std::bit_cast<uint32_t>(48.0f));
  });
  // A pipeline: memory is written again when all warps have waited for what reads it.
  expectNothing([](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {};
    for (int i = 0; i < 3; ++i) {
      s.prepare(t);
      s.arrive(t);
      s.multiply(t, slots);
      s.commit(t);
      s.wait(t, 0);
      s.sync(t);
    }
  });
  // Two warpgroups with one B.
  expectNothing(
      [](const Steps &s, Thread &t) {
        uint64_t slots[accumulators] = {};
        s.prepare(t);
        s.arrive(t);
        s.multiply(t, slots);
        s.commit(t);
        s.wait(t, 0);
      },
      {}, 256);
}

TEST(WarpgroupChecks, NoFenceAtAll) {
  expectOnly({Check::Wgmma}, [](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {};
    s.prepare(t);
    s.multiply(t, slots);
    s.commit(t);
    s.wait(t, 0);
  });
}

TEST(WarpgroupChecks, AccumulatorsChangedWithoutFence) {
  // `change`: between two products, after the first one's wait; `fence`: a second wgmma.fence.
  auto kernel = [](bool change, bool fence, bool keep) {
    return [=](const Steps &s, Thread &t) {
      uint64_t slots[accumulators] = {};
      s.prepare(t);
      s.arrive(t);
      s.multiply(t, slots);
      s.commit(t);
      s.wait(t, 0);
      if (change)
        slots[1] = std::bit_cast<uint32_t>(0.5f);
      if (fence)
        s.arrive(t);
      s.multiply(t, slots, *s.first, keep);
      s.commit(t);
      s.wait(t, 0);
    };
  };
  expectNothing(kernel(false, false, true));
  expectNothing(kernel(true, true, true));
  expectNothing(kernel(true, true, false));
  expectOnly({Check::Wgmma}, kernel(true, false, true));
  // Who read the sums may still be reading when the next product writes them.
  expectOnly({Check::Wgmma}, kernel(false, false, false));
}

TEST(WarpgroupChecks, NoProxyFence) {
  expectOnly({Check::ProxyFence}, [](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {};
    s.prepare(t, false);
    s.arrive(t);
    s.multiply(t, slots);
    s.commit(t);
    s.wait(t, 0);
  });
}

TEST(WarpgroupChecks, NoBarrierAfterTheStores) {
  expectOnly({Check::Race, Check::Uninitialised, Check::ProxyFence, Check::InFlight},
             [](const Steps &s, Thread &t) {
               uint64_t slots[accumulators] = {};
               s.prepare(t, true, false);
               s.arrive(t);
               s.multiply(t, slots);
               s.commit(t);
               s.wait(t, 0);
             });
}

TEST(WarpgroupChecks, Uninitialised) {
  expectOnly({Check::Uninitialised}, [](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {};
    s.arrive(t);
    s.multiply(t, slots);
    s.commit(t);
    s.wait(t, 0);
  });
}

TEST(WarpgroupChecks, OperandsWrittenBeforeTheWait) {
  auto kernel = [](uint32_t offset, uint64_t pending) {
    return [=](const Steps &s, Thread &t) {
      uint64_t slots[accumulators] = {}, value = 0;
      s.prepare(t);
      s.arrive(t);
      s.multiply(t, slots);
      s.commit(t);
      s.wait(t, pending);
      s.sync(t);
      if (t.index == 5)
        s.store(t, offset, &value, 8);
      s.sync(t);
      s.wait(t, 0);
    };
  };
  for (uint32_t offset : {0u, 40 * 128u, baseOfB}) {
    expectNothing(kernel(offset, 0));
    expectOnly({Check::InFlight}, kernel(offset, 1));
  }
  // The other pieces of the lines are not operands: this product is 32 bytes deep.
  expectNothing(kernel(128, 0));
  expectNothing(kernel(64, 1));
}

TEST(WarpgroupChecks, AnotherWarpsOperandsWrittenAfterOnesOwnWait) {
  // Warp 2 writes after its own wait, without a barrier: its own rows of A, or what others read.
  // `between`: a barrier before the waits, which orders the writing after the issue but no more.
  auto kernel = [](uint32_t offset, bool between) {
    return [=](const Steps &s, Thread &t) {
      uint64_t slots[accumulators] = {}, value = 0;
      s.prepare(t);
      s.arrive(t);
      s.multiply(t, slots);
      s.commit(t);
      if (between)
        s.sync(t);
      s.wait(t, 0);
      if (t.index == 64)
        s.store(t, offset, &value, 8);
    };
  };
  for (bool between : {false, true}) {
    expectNothing(kernel(36 * 128 + 64, between)); // not read at all
    expectNothing(kernel(32 * 128, between));      // read by warp 2 only
    expectOnly({Check::InFlight, Check::Race}, kernel(0, between));
    expectOnly({Check::InFlight, Check::Race}, kernel(baseOfB, between));
  }
}

TEST(WarpgroupChecks, ExitWithWorkPending) {
  auto kernel = [](bool commit, bool wait) {
    return [=](const Steps &s, Thread &t) {
      uint64_t slots[accumulators] = {};
      s.prepare(t);
      s.arrive(t);
      s.multiply(t, slots);
      if (commit)
        s.commit(t);
      if (wait)
        s.wait(t, 0);
    };
  };
  expectNothing(kernel(true, true));
  expectOnly({Check::Exit}, kernel(true, false));
  expectOnly({Check::Exit}, kernel(false, true));
  expectOnly({Check::Exit}, kernel(false, false));
}

TEST(WarpgroupChecks, Descriptors) {
  auto kernel = [](unsigned thread) {
    return [=](const Steps &s, Thread &t) {
      uint64_t slots[accumulators] = {};
      s.prepare(t);
      s.arrive(t);
      if (t.index == thread) {
        uint64_t all[operands + accumulators] = {};
        all[accumulators] = layout.descriptor(32, 64);
        all[accumulators + 1] = layout.descriptor(baseOfB, n);
        all[accumulators + 2] = all[accumulators + 3] = all[accumulators + 4] = 1;
        s.first->execute(t, all);
      } else {
        s.multiply(t, slots);
      }
      s.commit(t);
      s.wait(t, 0);
    };
  };
  expectNothing(kernel(~0u));
  expectOnly({Check::Operand}, kernel(77));
  Steps reserved;
  reserved.changeB = uint64_t(1) << 14; // an address of more than 18 bits
  expectOnly({Check::Operand}, kernel(~0u), reserved);
  Steps outside;
  outside.changeB = sharedBytes >> 4;
  expectOnly({Check::Bounds}, kernel(~0u), outside);
}

TEST(WarpgroupChecks, Divergence) {
  std::unique_ptr<Operation> other =
      ptx("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16", 11, 4);
  expectOnly({Check::Divergence}, [&](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {}, all[15] = {};
    s.prepare(t);
    s.arrive(t);
    if (t.warp->index == 3)
      other->execute(t, all);
    else
      s.multiply(t, slots);
  });
  // One warp does not come at all.
  expectOnly({Check::Deadlock, Check::Exit}, [&](const Steps &s, Thread &t) {
    uint64_t slots[accumulators] = {};
    s.prepare(t);
    s.arrive(t);
    if (t.warp->index != 3)
      s.multiply(t, slots);
  });
  // Half a warpgroup.
  expectOnly(
      {Check::Operand},
      [&](const Steps &s, Thread &t) {
        uint64_t slots[accumulators] = {};
        s.arrive(t);
        s.multiply(t, slots);
      },
      {}, 64);
}

TEST(WarpgroupChecks, AccumulatorsPending) {
  expectNothing([](const Steps &s, Thread &t) {
    const Operation *first[] = {s.first.get()}, *second[] = {s.second.get()};
    const Operation *both[] = {s.second.get(), s.first.get()};
    uint64_t slots[accumulators] = {}, others[accumulators] = {};
    EXPECT_FALSE(accumulatorsPending(t, both));
    s.prepare(t);
    s.arrive(t);
    s.multiply(t, slots, *s.first);
    EXPECT_TRUE(accumulatorsPending(t, first));
    EXPECT_FALSE(accumulatorsPending(t, second));
    s.commit(t);
    s.multiply(t, others, *s.second);
    s.commit(t);
    EXPECT_TRUE(accumulatorsPending(t, both));
    s.wait(t, 1);
    EXPECT_FALSE(accumulatorsPending(t, first));
    EXPECT_TRUE(accumulatorsPending(t, second));
    EXPECT_TRUE(accumulatorsPending(t, both));
    s.wait(t, 0);
    EXPECT_FALSE(accumulatorsPending(t, both));
  });
}

} // namespace dreamer::emulator::test

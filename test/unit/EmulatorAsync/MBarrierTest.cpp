// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Kernels.h"

#include "lib/Emulator/Machine/MBarrierState.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

const Op init("mbarrier.init.shared", 2), inval("mbarrier.inval.shared", 1),
    arrive("mbarrier.arrive.shared", 1, 1), arriveMany("mbarrier.arrive.scope.cta.space.cta", 2, 1),
    arriveExpect("mbarrier.arrive.expect.tx.scope.cta.space.cta", 2, 1),
    expect("mbarrier.expect.tx.scope.cta.space.cta", 2),
    complete("mbarrier.complete.tx.scope.cta.space.cta", 2),
    testParity("mbarrier.test.wait.parity.scope.cta.space.cta", 2, 1),
    testState("mbarrier.test.wait.shared", 2, 1);

const Loop waitParity("mbarrier.try.wait.parity.scope.cta.space.cta");

constexpr uint32_t bar = 512;

TEST(MBarrierBits, PackAndUnpack) {
  for (bool phase : {false, true})
    for (uint32_t count : {0u, 1u, 77u, 1048575u})
      for (int32_t bytes : {0, 1, -1, 1048575, -1048575}) {
        MBarrierBits bits{phase, count, 1048575 - count, bytes};
        MBarrierBits again = MBarrierBits::unpack(bits.pack());
        EXPECT_EQ(again.phase, phase);
        EXPECT_EQ(again.expected, count);
        EXPECT_EQ(again.pending, 1048575 - count);
        EXPECT_EQ(again.transactions, bytes);
      }
}

/// One name of each form that the NVVM dialect gives an arrival, and of PTX.
class Arrivals : public testing::TestWithParam<std::pair<std::string, unsigned>> {};

TEST_P(Arrivals, ReleaseWhatWasWritten) {
  auto [name, inputs] = GetParam();
  Op op(name, inputs, name[0] == '%' ? 0 : 1);
  bool expects = name.find("expect") != name.npos,
       generic = name.find("shared") == name.npos && name.find("space") == name.npos;
  Bench bench(64);
  bench.expectRight([&, inputs = inputs](Thread &thread) {
    if (thread.index == 0)
      init(bar, 64);
    syncThreads();
    store<uint32_t>(thread.index * 4, thread.index);
    uint64_t at = generic ? slotOf(thread.shared + bar) : bar;
    if (inputs == 1)
      op(at);
    else
      op(at, expects ? 0 : 1);
    waitParity(bar, 0);
    unsigned other = (thread.index + 33) % 64;
    EXPECT_EQ(load<uint32_t>(other * 4), other);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Forms, Arrivals,
    testing::Values(std::pair("mbarrier.arrive", 1), std::pair("mbarrier.arrive.shared", 1),
                    std::pair("mbarrier.arrive.scope.cta.space.cta", 2),
                    std::pair("mbarrier.arrive.scope.cluster.space.cta", 2),
                    std::pair("mbarrier.arrive.expect.tx.scope.cta.space.cta", 2),
                    std::pair("mbarrier.arrive.drop", 1),
                    std::pair("mbarrier.arrive.drop.scope.cta.space.cta", 2),
                    std::pair("mbarrier.arrive.drop.expect.tx.scope.cluster.space.cta", 2),
                    std::pair("%mbarrier.arrive.b64", 1),
                    std::pair("%mbarrier.arrive.shared::cta.b64", 2),
                    std::pair("%mbarrier.arrive.release.cta.shared::cta.b64", 1),
                    std::pair("%mbarrier.arrive.expect_tx.shared.b64", 2),
                    std::pair("%mbarrier.arrive_drop.shared.b64", 1)));

/// Every form of waiting.
class Waits : public testing::TestWithParam<std::pair<std::string, unsigned>> {};

TEST_P(Waits, ForTwoPhases) {
  auto [name, inputs] = GetParam();
  Op op(name, inputs, 1);
  bool parity = name.find("parity") != name.npos;
  bool generic = name.find("shared") == name.npos && name.find("space") == name.npos;
  Bench bench(64);
  bench.expectRight([&, inputs = inputs](Thread &thread) {
    if (thread.index == 0)
      init(bar, 64);
    syncThreads();
    uint64_t at = generic ? slotOf(thread.shared + bar) : bar;
    for (uint32_t phase = 0; phase < 5; ++phase) {
      store<uint32_t>(thread.index * 4, thread.index + phase);
      uint64_t state = arrive(bar), what = parity ? phase & 1 : state;
      while (!(inputs == 2 ? op(at, what) : op(at, what, 1000))) {
      }
      unsigned other = (thread.index + 33) % 64;
      EXPECT_EQ(load<uint32_t>(other * 4), other + phase);
      syncThreads();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(
    Forms, Waits,
    testing::Values(std::pair("mbarrier.test.wait", 2), std::pair("mbarrier.test.wait.shared", 2),
                    std::pair("mbarrier.test.wait.scope.cta.space.cta", 2),
                    std::pair("mbarrier.test.wait.parity.scope.cluster.space.cta", 2),
                    std::pair("mbarrier.try.wait.scope.cta.space.cta", 2),
                    std::pair("mbarrier.try.wait.tl.scope.cta.space.cta", 3),
                    std::pair("mbarrier.try.wait.parity.scope.cta.space.cta", 2),
                    std::pair("mbarrier.try.wait.parity.tl.scope.cluster.space.cta", 3),
                    std::pair("%mbarrier.try_wait.parity.shared.b64", 3),
                    std::pair("%mbarrier.try_wait.parity.b64", 3),
                    std::pair("%mbarrier.try_wait.parity.acquire.cta.shared::cta.b64", 2),
                    std::pair("%mbarrier.test_wait.shared::cta.b64", 2)));

TEST(MBarrier, UnknownFormsAreRefused) {
  EXPECT_FALSE(Op::make("mbarrier.arrive.twice", 1, 1));
  EXPECT_FALSE(Op::make("mbarrier.arrive.parity.shared", 1, 1));
  EXPECT_FALSE(Op::make("mbarrier.try.wait.scope.gpu.space.cta", 2, 1));
  EXPECT_FALSE(Op::make("mbarrier.try.wait.scope.cta.space.cluster", 2, 1));
  EXPECT_FALSE(Op::make("mbarrier.wait", 2, 1));
  EXPECT_FALSE(Op::make("mbarrier", 1));
  EXPECT_FALSE(Op::make("mbarrier.init.shared", 1));
}

TEST(MBarrier, CountsAndStates) {
  Bench bench(1);
  const Op noComplete("mbarrier.arrive.noComplete.shared", 2, 1),
      dropNoComplete("mbarrier.arrive.drop.noComplete.shared", 2, 1),
      pending("mbarrier.pending.count", 1, 1), drop("mbarrier.arrive.drop.shared", 1, 1);
  bench.expectRight([&](Thread &) {
    init(bar, 10);
    EXPECT_EQ(pending(arrive(bar)), 10u);
    EXPECT_EQ(pending(noComplete(bar, 4)), 9u);
    EXPECT_EQ(pending(dropNoComplete(bar, 2)), 5u);
    EXPECT_EQ(pending(arriveMany(bar, 2)), 3u);
    EXPECT_FALSE(testParity(bar, 0));
    EXPECT_TRUE(testParity(bar, 1)); // the phase before the first
    uint64_t state = drop(bar);      // the last one
    EXPECT_EQ(pending(state), 1u);
    EXPECT_TRUE(testParity(bar, 0));
    EXPECT_TRUE(testState(bar, state));
    state = arriveMany(bar, 6);
    EXPECT_EQ(pending(state), 7u); // three have dropped out
    EXPECT_FALSE(testState(bar, state));
    arrive(bar);
    EXPECT_TRUE(testState(bar, state));
    EXPECT_FALSE(testParity(bar, 0));
    inval(bar);
    store<uint64_t>(bar, 5); // an ordinary place again
    init(bar, 1);
    arrive(bar);
    EXPECT_TRUE(testParity(bar, 0));
  });
}

TEST(MBarrier, Bytes) {
  Bench bench(1);
  bench.expectRight([&](Thread &) {
    init(bar, 1);
    complete(bar, 100); // may come before they are expected
    arriveExpect(bar, 300);
    EXPECT_FALSE(testParity(bar, 0));
    expect(bar, 50);
    complete(bar, 200);
    EXPECT_FALSE(testParity(bar, 0));
    complete(bar, 50);
    EXPECT_TRUE(testParity(bar, 0));
  });
}

/// A ring of producer and consumer warps, the use that mbarriers are for.
enum class Consumer { Right, NeverArrives, ArrivesTooEarly };
static void ring(Thread &thread, Consumer consumer) {
  constexpr unsigned stages = 2, steps = 9;
  auto full = [](unsigned stage) { return 1024 + stage * 8; };
  auto empty = [](unsigned stage) { return 1024 + 64 + stage * 8; };
  if (thread.index == 0)
    for (unsigned s = 0; s < stages; ++s) {
      init(full(s), 32);
      init(empty(s), 32);
    }
  syncThreads();
  unsigned lane = thread.index % 32;
  for (unsigned i = 0; i < steps; ++i) {
    unsigned stage = i % stages, phase = i / stages & 1, at = stage * 128;
    if (thread.index < 32) {
      waitParity(empty(stage), phase ^ 1);
      store<uint32_t>(at + lane * 4, i * 100 + lane);
      arrive(full(stage));
    } else {
      waitParity(full(stage), phase);
      if (consumer == Consumer::ArrivesTooEarly)
        arrive(empty(stage));
      unsigned other = (lane + 7) % 32;
      uint32_t found = load<uint32_t>(at + other * 4);
      if (consumer == Consumer::Right) {
        EXPECT_EQ(found, i * 100 + other);
        arrive(empty(stage));
      }
    }
  }
}

TEST(MBarrier, Ring) {
  Bench bench(64);
  bench.expectRight([](Thread &thread) { ring(thread, Consumer::Right); });
  bench.expectFound(Check::Race, "not ordered after the",
                    [](Thread &thread) { ring(thread, Consumer::ArrivesTooEarly); });
}

TEST(MBarrier, RingWithoutArrivals) {
  Bench bench(64);
  bench.expectFound(Check::Deadlock, "mbarrier at shared byte 1088, phase 0",
                    [](Thread &thread) { ring(thread, Consumer::NeverArrives); });
}

TEST(MBarrier, RelaxedOrdersNothing) {
  const Op relaxedArrive("mbarrier.arrive.relaxed.scope.cta.space.cta", 2, 1);
  const Loop relaxedWait("mbarrier.try.wait.parity.relaxed.scope.cta.space.cta");
  Bench bench(33);
  for (bool arrival : {true, false})
    bench.expectFound(Check::Race, "not ordered after the write", [&](Thread &thread) {
      if (thread.index == 0)
        init(bar, 1);
      syncThreads();
      if (thread.index == 32) {
        store<uint32_t>(0, 1);
        if (arrival)
          relaxedArrive(bar, 1);
        else
          arrive(bar);
      }
      if (thread.index == 0) {
        if (arrival)
          waitParity(bar, 0);
        else
          relaxedWait(bar, 0);
        load<uint32_t>(0);
      }
    });
}

/// A try_wait may give up early, so that one without a loop is no wait.
TEST(MBarrier, WaitsThatGiveUp) {
  const Op tryParity("mbarrier.try.wait.parity.scope.cta.space.cta", 2, 1);
  Bench bench(64);
  unsigned early = 0;
  auto kernel = [&](bool loops) {
    return [&, loops](Thread &thread) {
      if (thread.index == 0)
        init(bar, 32);
      syncThreads();
      if (thread.index < 32) {
        store<uint32_t>(thread.index * 4, 1);
        arrive(bar);
      } else {
        while (!tryParity(bar, 0)) {
          ++early;
          if (!loops)
            break;
        }
        load<uint32_t>(thread.index % 32 * 4);
      }
    };
  };
  bench.expectRight(kernel(true));
  EXPECT_GT(early, 0u);
  unsigned found = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    LaunchOptions options;
    options.seed = seed;
    early = 0;
    std::vector<Finding> findings = bench.run(kernel(false), options);
    EXPECT_EQ(findings.empty(), early == 0) << "seed " << seed;
    EXPECT_TRUE(seed != 0 || early == 0) << "without a seed it takes all the time it needs";
    found += !findings.empty();
  }
  EXPECT_GE(found, 4u);
}

/// Who waits for a phase has not seen what arrivals of the next one release.
TEST(MBarrier, ArrivalsOfTheNextPhase) {
  Bench bench(33);
  auto kernel = [&](unsigned count) {
    return [count](Thread &thread) {
      if (thread.index == 0) {
        init(bar, count);
        for (unsigned i = 0; i < count; ++i)
          arrive(bar); // phase 0
      }
      syncThreads();
      if (thread.index == 32) {
        store<uint32_t>(0, 1);
        arrive(bar); // of phase 1: ends it if one arrival is all
      }
      for (int i = 0; i < 8; ++i)
        thread.yield();
      if (thread.index == 0) {
        waitParity(bar, count == 1 ? 1 : 0);
        load<uint32_t>(0);
      }
    };
  };
  bench.expectFound(Check::Race, "not ordered after the write by thread 32", kernel(2));
  bench.expectRight(kernel(1));
}

TEST(MBarrier, TooManyArrivals) {
  Bench bench(1);
  bench.expectFound(Check::Transactions, "gets 2 arrivals and expects only 1 more", [&](Thread &) {
    init(bar, 1);
    arriveMany(bar, 2);
  });
  bench.expectFound(Check::Transactions, "gets 1 arrivals and expects only 0 more", [&](Thread &) {
    init(bar, 1);
    arriveExpect(bar, 16);
    arrive(bar); // while bytes are missing
    complete(bar, 16);
  });
}

TEST(MBarrier, NoCompleteThatCompletes) {
  Bench bench(1);
  const Op noComplete("mbarrier.arrive.noComplete.shared", 2, 1);
  bench.expectFound(Check::Transactions, "an arrival with noComplete ends a phase", [&](Thread &) {
    init(bar, 2);
    noComplete(bar, 2);
  });
}

TEST(MBarrier, WrongBytes) {
  Bench bench(1);
  bench.expectFound(Check::Transactions, "ends with 4 bytes more than expected", [&](Thread &) {
    init(bar, 1);
    complete(bar, 20);
    arriveExpect(bar, 16);
  });
  bench.expectFound(Check::Transactions, "the count ends at 1048575", [&](Thread &) {
    init(bar, 1);
    expect(bar, 1048575);
    expect(bar, 1);
  });
  bench.expectFound(Check::Transactions, "expected 0 to 1048575 bytes, found 1048576",
                    [&](Thread &) {
                      init(bar, 1);
                      expect(bar, 1048576);
                    });
  bench.expectFound(Check::Exit, "has 16 bytes pending", [&](Thread &) {
    init(bar, 1);
    arriveExpect(bar, 16);
  });
}

TEST(MBarrier, NoObject) {
  Bench bench(1);
  bench.expectFound(Check::Uninitialised, "without mbarrier.init", [&](Thread &) { arrive(bar); });
  bench.expectFound(Check::Uninitialised, "after mbarrier.inval", [&](Thread &) {
    init(bar, 1);
    inval(bar);
    waitParity(bar, 0);
  });
  bench.expectFound(Check::Operand, "is initialised again", [&](Thread &) {
    init(bar, 1);
    init(bar, 1);
  });
  bench.expectFound(Check::Operand, "expected a count of 1 to 1048575",
                    [&](Thread &) { init(bar, 0); });
  bench.expectFound(Check::Alignment, "multiple of 8", [&](Thread &) { init(bar + 4, 1); });
  bench.expectFound(Check::Operand, "expected a parity of 0 or 1, found 2", [&](Thread &) {
    init(bar, 1);
    arrive(bar);
    testParity(bar, 2);
  });
}

TEST(MBarrier, OrdinaryAccess) {
  Bench bench(1);
  bench.expectFound(Check::Operand, "only mbarrier instructions may touch it", [&](Thread &) {
    init(bar, 1);
    load<uint64_t>(bar);
  });
  bench.expectFound(Check::Operand, "only mbarrier instructions may touch it", [&](Thread &) {
    init(bar, 1);
    store<uint32_t>(bar + 4, 0);
  });
}

TEST(MBarrier, UsedWithoutBarrierAfterInit) {
  Bench bench(64);
  bench.expectFound(Check::Race, "not ordered after the write by thread 0", [&](Thread &thread) {
    if (thread.index == 0)
      init(bar, 1);
    for (int i = 0; i < 4; ++i)
      thread.yield();
    if (thread.index == 40) {
      for (int i = 0; i < 100 && MBarrierBits::load(thread.shared + bar).expected != 1; ++i)
        thread.yield();
      arrive(bar);
    }
  });
}

//===-- Copies that an mbarrier tracks ----------------------------------------------------------------------------===//

/// Thread 0 copies, thread 32 reads what it has copied.
static void tracked(Thread &thread, const uint32_t *source, const Op &arrival, uint32_t count,
                    bool waits) {
  static const Op copy("cp.async.ca.shared.global.16", 2);
  if (thread.index == 0)
    init(bar, count);
  syncThreads();
  if (thread.index == 0) {
    copy(0, slotOf(source));
    copy(16, slotOf(source + 4));
    arrival(bar);
    arrive(bar); // without it the arrival above would be all: an increment is taken back
  } else if (thread.index == 32) {
    if (waits)
      waitParity(bar, 0);
    for (uint32_t i = 0; i < 8; ++i)
      EXPECT_TRUE(load<uint32_t>(i * 4) == i || !waits);
  }
}

TEST(MBarrier, TracksCopies) {
  const Op arriveNoinc("cp.async.mbarrier.arrive.noinc.shared", 1),
      arriveInc("cp.async.mbarrier.arrive.shared", 1),
      arrivePtx("%cp.async.mbarrier.arrive.shared::cta.b64", 1);
  Bench bench(64);
  auto *source = bench.array<uint32_t>(8, [](size_t i) { return uint32_t(i); });
  bench.expectRight([&](Thread &thread) { tracked(thread, source, arriveNoinc, 2, true); });
  bench.expectRight([&](Thread &thread) { tracked(thread, source, arriveInc, 1, true); });
  bench.expectRight([&](Thread &thread) { tracked(thread, source, arrivePtx, 1, true); });
  bench.expectFound(Check::Exit, "copies that nobody waited for", [&](Thread &thread) {
    if (thread.index < 32)
      tracked(thread, source, arriveInc, 1, false);
    else
      syncThreads();
  });
  bench.expectFound(Check::InFlight, "still writing", [&](Thread &thread) {
    tracked(thread, source, arriveInc, 1, false);
    syncThreads();
    load<uint32_t>(0);
  });
}

} // namespace
} // namespace dreamer::emulator::test

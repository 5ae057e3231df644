// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What only strict checks ask for: fences after the inits of mbarriers, scopes of operations on them.

#include "Kernels.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

const Op init("mbarrier.init.shared", 2), initFence("fence.mbarrier_init.release.cluster", 0),
    proxyFence("fence.proxy.async.shared_cta", 0),
    arriveExpect("mbarrier.arrive.expect.tx.scope.cta.space.cta", 2, 1),
    bulkLoad("cp.async.bulk.global.to.shared.cta", 6), mapa("mapa.shared.cluster", 2, 1),
    clusterArrive("barrier.cluster.arrive.aligned", 0),
    clusterArriveRelaxed("barrier.cluster.arrive.relaxed", 0),
    clusterWait("barrier.cluster.wait.aligned", 0);
const Loop waitInBlock("mbarrier.try.wait.parity.scope.cta.space.cta"),
    waitInCluster("mbarrier.try.wait.parity.scope.cluster.space.cta");

constexpr uint32_t bar = 512;

//===-- Fences after inits ----------------------------------------------------------------------------------------===//

enum class Fence { None, Init, InitByAnother, InitTooLate, Proxy };

/// Thread 0 makes the object, thread 32 issues a copy that uses it.
void copyAfter(Thread &thread, const uint32_t *source, Fence fence) {
  if (thread.index == 0) {
    init(bar, 1);
    if (fence == Fence::Init)
      initFence();
    if (fence == Fence::Proxy)
      proxyFence();
  }
  if (thread.index == 1 && fence == Fence::InitByAnother)
    initFence();
  syncThreads();
  if (thread.index == 0 && fence == Fence::InitTooLate)
    initFence();
  if (thread.index == 32) {
    arriveExpect(bar, 64);
    bulkLoad(0, bar, slotOf(source), 64, 0, 0);
  }
  waitInBlock(bar, 0);
  EXPECT_EQ(load<uint32_t>(thread.index % 16 * 4), thread.index % 16);
}

TEST(Strict, CopiesNeedAFenceAfterTheInit) {
  Bench bench(64);
  auto *source = bench.array<uint32_t>(16, [](size_t i) { return uint32_t(i); });
  auto kernel = [&](Fence fence) {
    return [=](Thread &thread) { copyAfter(thread, source, fence); };
  };
  bench.expectRight(kernel(Fence::None));
  bench.strict = true;
  bench.expectRight(kernel(Fence::Init));
  bench.expectRight(kernel(Fence::Proxy));
  for (Fence fence : {Fence::None, Fence::InitByAnother, Fence::InitTooLate})
    bench.expectFound(Check::ProxyFence, "no fence comes between that and its mbarrier.init",
                      kernel(fence));
}

/// Threads need no such fence: a barrier orders them.
TEST(Strict, ArrivalsNeedNoFenceAfterTheInit) {
  Bench bench(64);
  bench.strict = true;
  bench.expectRight([](Thread &thread) {
    if (thread.index == 0)
      init(bar, 64);
    syncThreads();
    arriveExpect(bar, 0);
    waitInBlock(bar, 0);
  });
}

//===-- Relaxed arrivals at a cluster's barrier, and fences before them ---------------------------------------------------===//

/// The other block arrives on an mbarrier that only fences made known.
TEST(ClusterFence, MakesInitsKnown) {
  const Op arriveRemote("mbarrier.arrive.scope.cluster.space.cluster", 2);
  Bench bench(32, 2);
  auto kernel = [&](bool fenced) {
    return [&, fenced](Thread &thread) {
      unsigned other = 1 - thread.clusterCtaRank;
      if (thread.index == 0) {
        init(bar, 32);
        if (fenced)
          initFence();
      }
      clusterArriveRelaxed();
      clusterWait();
      store<uint32_t>(mapa(thread.index * 4, other), other * 100 + thread.index, Space::Cluster);
      arriveRemote(mapa(bar, other), 1);
      waitInCluster(bar, 0);
      uint32_t from = thread.index ^ 9;
      EXPECT_EQ(load<uint32_t>(from * 4), thread.clusterCtaRank * 100 + from);
      clusterArrive();
      clusterWait();
    };
  };
  for (bool strict : {false, true}) {
    bench.strict = strict;
    bench.expectRight(kernel(true));
    bench.expectFound(Check::Race, "nothing orders that after its mbarrier.init", kernel(false));
  }
}

TEST(ClusterFence, OrdersWhatItIsFor) {
  const Op fence("fence.acq_rel.cluster", 0), narrow("membar.cta", 0);
  Bench bench(1, 2);
  auto kernel = [&](const Op &before) {
    return [&](Thread &thread) {
      store<uint32_t>(0, thread.clusterCtaRank);
      before();
      clusterArriveRelaxed();
      clusterWait();
      unsigned other = 1 - thread.clusterCtaRank;
      EXPECT_EQ(load<uint32_t>(mapa(0, other), Space::Cluster), other);
      clusterArrive();
      clusterWait();
    };
  };
  bench.expectRight(kernel(fence));
  bench.expectFound(Check::Race, "not ordered after the write", kernel(narrow));
  bench.expectFound(Check::Race, "not ordered after the write", kernel(initFence)); // inits alone
}

//===-- Scopes ----------------------------------------------------------------------------------------------------===//

/// Block 1 writes into block 0 and arrives there.
void tellOther(Thread &thread, const Op &arrive, const Loop &wait) {
  if (thread.clusterCtaRank == 0)
    init(bar, 1);
  clusterArrive();
  clusterWait();
  if (thread.clusterCtaRank == 1) {
    store<uint32_t>(mapa(0, 0), 7, Space::Cluster);
    arrive(mapa(bar, 0), 1);
  } else {
    wait(bar, 0);
    EXPECT_EQ(load<uint32_t>(0), 7u);
  }
  clusterArrive();
  clusterWait();
}

TEST(Strict, ScopesOfOtherBlocks) {
  const Op wide("mbarrier.arrive.scope.cluster.space.cluster", 2),
      narrow("mbarrier.arrive.scope.cta.space.cluster", 2),
      unsaid("%mbarrier.arrive.shared::cluster.b64", 2);
  const Loop unsaidWait("%mbarrier.try_wait.parity.shared::cta.b64");
  Bench bench(1, 2);
  auto kernel = [](const Op &arrive, const Loop &wait) {
    return [&](Thread &thread) { tellOther(thread, arrive, wait); };
  };
  bench.expectRight(kernel(narrow, waitInBlock));
  bench.expectRight(kernel(unsaid, unsaidWait));
  bench.strict = true;
  bench.expectRight(kernel(wide, waitInCluster));
  for (const Op *arrive : {&narrow, &unsaid})
    bench.expectFound(Check::Race, "not ordered after the write", kernel(*arrive, waitInCluster));
  for (const Loop *wait : {&waitInBlock, &unsaidWait})
    bench.expectFound(Check::Race, "not ordered after the write", kernel(wide, *wait));
}

TEST(Strict, FencesWidenRelaxedArrivals) {
  const Op relaxed("mbarrier.arrive.relaxed.scope.cluster.space.cluster", 2),
      fence("fence.acq_rel.cluster", 0);
  const Loop relaxedWait("mbarrier.try.wait.parity.relaxed.scope.cluster.space.cta");
  Bench bench(1, 2);
  auto kernel = [&](bool before, bool after) {
    return [&, before, after](Thread &thread) {
      init(bar, 1);
      clusterArrive();
      clusterWait();
      unsigned other = 1 - thread.clusterCtaRank;
      store<uint32_t>(mapa(0, other), other, Space::Cluster);
      if (before)
        fence();
      relaxed(mapa(bar, other), 1);
      relaxedWait(bar, 0);
      if (after)
        fence();
      EXPECT_EQ(load<uint32_t>(0), thread.clusterCtaRank);
      clusterArrive();
      clusterWait();
    };
  };
  for (bool strict : {false, true}) {
    bench.strict = strict;
    bench.expectRight(kernel(true, true));
    bench.expectFound(Check::Race, "not ordered after the write", kernel(true, false));
    bench.expectFound(Check::Race, "not ordered after the write", kernel(false, true));
  }
}

} // namespace
} // namespace dreamer::emulator::test

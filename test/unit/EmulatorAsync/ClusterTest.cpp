// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tensors.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

const Op arrive("barrier.cluster.arrive.aligned", 0), wait("barrier.cluster.wait.aligned", 0),
    relaxed("barrier.cluster.arrive.relaxed", 0), mapa("mapa.shared.cluster", 2, 1),
    mapGeneric("mapa", 2, 1), init("mbarrier.init.shared", 2),
    arriveRemote("mbarrier.arrive.scope.cluster.space.cluster", 2),
    arriveExpect("mbarrier.arrive.expect.tx.scope.cta.space.cta", 2, 1),
    fence("fence.proxy.async.shared_cta", 0);

const Loop waitParity("mbarrier.try.wait.parity.scope.cluster.space.cta");

void syncCluster() {
  arrive();
  wait();
}

TEST(Cluster, ReadsOfOthers) {
  Bench bench(40, 4);
  bench.grid.blocks = {12, 1, 1};
  bench.expectRight([&](Thread &thread) {
    unsigned rank = thread.clusterCtaRank;
    for (unsigned step = 0; step < 3; ++step) {
      store<uint32_t>(thread.index * 4, rank * 1000 + thread.index + step);
      syncCluster();
      unsigned other = (rank + 1 + step) % 4, index = (thread.index + 35) % 40;
      uint64_t address = mapa(index * 4, other);
      EXPECT_EQ(load<uint32_t>(address, Space::Cluster), other * 1000 + index + step);
      uint64_t generic = mapGeneric(slotOf(thread.shared + index * 4), other);
      EXPECT_EQ(load<uint32_t>(generic, Space::Generic), other * 1000 + index + step);
      syncCluster();
    }
  });
}

TEST(Cluster, Addresses) {
  Bench bench(1, 3);
  auto *global = bench.array<uint32_t>(1, [](size_t) { return 1u; });
  const Op rankOf("getctarank.shared.cluster", 1, 1), rankOfGeneric("getctarank", 1, 1),
      ptxMap("%mapa.shared::cluster.u32", 2, 1), ptxRank("%getctarank.shared::cluster.u32", 1, 1),
      isShared("isspacep.shared", 1, 1), isCluster("isspacep.shared.cluster", 1, 1),
      isGlobal("isspacep.global", 1, 1), isLocal("isspacep.local", 1, 1),
      isConst("isspacep.const", 1, 1), isCta("%isspacep.shared::cta", 1, 1),
      explicitCluster("is_explicit_cluster", 0, 1);
  bench.expectRight([&](Thread &thread) {
    const void *onStack = __builtin_frame_address(0);
    unsigned own = thread.clusterCtaRank;
    for (unsigned rank = 0; rank < 3; ++rank) {
      uint64_t there = mapa(16, rank), generic = mapGeneric(slotOf(thread.shared + 16), rank);
      EXPECT_EQ(there, ptxMap(16, rank));
      EXPECT_EQ(rankOf(there), rank);
      EXPECT_EQ(ptxRank(there), rank);
      EXPECT_EQ(rankOfGeneric(generic), rank);
      EXPECT_EQ(mapa(there, own), mapa(16, own)); // the rank before does not matter
      EXPECT_EQ(isShared(generic), own == rank);
      EXPECT_EQ(isCta(generic), own == rank);
      EXPECT_TRUE(isCluster(generic));
      EXPECT_FALSE(isGlobal(generic));
      EXPECT_FALSE(isLocal(generic));
    }
    EXPECT_EQ(rankOf(16), own);
    EXPECT_TRUE(isGlobal(slotOf(global)));
    EXPECT_FALSE(isCluster(slotOf(global)));
    EXPECT_FALSE(isConst(slotOf(global)));
    EXPECT_TRUE(isLocal(slotOf(onStack)));
    EXPECT_FALSE(isGlobal(slotOf(onStack)));
    EXPECT_TRUE(explicitCluster());
  });
  EXPECT_FALSE(Op::make("mapa.shared", 2, 1));
  EXPECT_FALSE(Op::make("isspacep.param", 1, 1));
  EXPECT_FALSE(Op::make("barrier.cluster.sync", 0));
  EXPECT_FALSE(Op::make("barrier.cluster.wait.relaxed", 0));
}

TEST(Cluster, WithoutBarrier) {
  Bench bench(1, 2);
  bench.expectFound(Check::Race, "not ordered after the write by thread 0 of block",
                    [&](Thread &thread) {
                      store<uint32_t>(0, 1);
                      relaxed(); // orders nothing
                      wait();
                      load<uint32_t>(mapa(0, 1 - thread.clusterCtaRank), Space::Cluster);
                      syncCluster();
                    });
}

TEST(Cluster, WrongOrder) {
  Bench bench(1, 2);
  bench.expectFound(Check::Divergence, "arrives again", [&](Thread &) {
    arrive();
    arrive();
    wait();
  });
  bench.expectFound(Check::Divergence, "without having arrived", [&](Thread &) { wait(); });
  bench.expectFound(Check::Deadlock, "other threads of the cluster", [&](Thread &thread) {
    syncCluster();
    if (thread.clusterCtaRank == 0)
      syncCluster();
    else
      init(0, 1), waitParity(0, 0); // waits for something else
  });
}

TEST(Cluster, ThreadsThatEnded) {
  Bench bench(32, 2);
  bench.expectRight([&](Thread &thread) {
    if (thread.index >= 7)
      return;
    syncCluster();
    if (thread.clusterCtaRank == 1)
      return;
    syncCluster();
  });
}

TEST(Cluster, AccessToABlockThatEnded) {
  Bench bench(1, 2);
  auto kernel = [&](bool last) {
    return [last](Thread &thread) {
      store<uint32_t>(0, 1);
      syncCluster();
      if (thread.clusterCtaRank == 0) {
        for (int i = 0; !last && i < 50; ++i)
          thread.yield();
        load<uint32_t>(mapa(0, 1), Space::Cluster);
      }
      if (last)
        syncCluster();
    };
  };
  bench.expectFound(Check::Exit, "a block of the cluster that has ended", kernel(false));
  bench.expectRight(kernel(true));
}

TEST(Cluster, RemoteArrivals) {
  Bench bench(32, 4);
  bench.expectRight([&](Thread &thread) {
    if (thread.index == 0)
      init(512, 4 * 32);
    syncCluster();
    for (unsigned rank = 0; rank < 4; ++rank) {
      store<uint32_t>(mapa(thread.clusterCtaRank * 128 + thread.index * 4, rank),
                      rank + thread.index, Space::Cluster);
      arriveRemote(mapa(512, rank), 1);
    }
    waitParity(512, 0);
    for (unsigned i = 0; i < 4; ++i)
      EXPECT_EQ(load<uint32_t>(i * 128 + (thread.index ^ 5) * 4),
                thread.clusterCtaRank + (thread.index ^ 5));
    syncCluster();
  });
  bench.expectFound(Check::Operand, "expected an mbarrier of the own block", [&](Thread &thread) {
    if (thread.index == 0)
      init(512, 1);
    syncCluster();
    if (thread.index == 0 && thread.clusterCtaRank == 1)
      waitParity(mapa(512, 0), 0);
    syncCluster();
  });
}

TEST(Cluster, Sends) {
  const Op send("cp.async.bulk.shared.cta.to.cluster", 4),
      ptx("%cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes", 4);
  Bench bench(1, 2);
  auto kernel = [&](bool asPtx, bool ownBarrier, bool fenced) {
    return [&, asPtx, ownBarrier, fenced](Thread &thread) {
      unsigned own = thread.clusterCtaRank, other = 1 - own;
      init(0, 1);
      for (unsigned i = 0; i < 16; ++i)
        store<uint32_t>(256 + i * 4, own * 100 + i);
      if (fenced)
        fence();
      syncCluster();
      arriveExpect(0, 64);
      uint64_t to = mapa(512, other), bar = ownBarrier ? 0 : mapa(0, other);
      if (asPtx)
        ptx(to, 256, 64, bar);
      else
        send(to, bar, 256, 64);
      waitParity(0, 0);
      for (unsigned i = 0; i < 16; ++i)
        EXPECT_TRUE(ownBarrier || load<uint32_t>(512 + i * 4) == other * 100 + i);
      syncCluster();
    };
  };
  bench.expectRight(kernel(false, false, true));
  bench.expectRight(kernel(true, false, true));
  bench.expectFound(Check::ProxyFence, "no fence.proxy.async since", kernel(false, false, false));
  bench.expectFound(Check::Operand, "expected the mbarrier in the block that is copied to",
                    kernel(false, true, true));
}

/// One block loads for others, plain bytes and tiles.
TEST(Cluster, Multicast) {
  const Op plain("cp.async.bulk.global.to.shared.cluster", 8, 0, {{}, {}, {}, {}, {}, {}, 1, 0}),
      plainPtx("%cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
               ".multicast::cluster",
               5),
      tile("cp.async.bulk.tensor.g2s.tile.2d", 10, 0, {{}, {}, {}, {}, {}, {}, {}, 1, 0, 0}),
      tilePtx("%cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
              ".multicast::cluster.L2::cache_hint",
              7);
  Bench bench(32, 4);
  TestTensor tensor(bench, ElementType::F32, {40, 20}, {32, 4}, SwizzleMode::Bytes128);
  auto kernel = [&](int form, uint32_t mask, bool all) {
    return [&, form, mask, all](Thread &thread) {
      unsigned rank = thread.clusterCtaRank;
      if (thread.index == 0)
        init(0, 1);
      fence();
      syncCluster();
      bool gets = mask >> rank & 1;
      if (thread.index == 0 && gets)
        arriveExpect(0, 512);
      if (thread.index == 0 && rank == 1) {
        uint64_t map = slotOf(tensor.map), bytes = slotOf(tensor.bytes);
        if (form == 0)
          plain(1024, 0, bytes, 512, mask, 0, 1, 0);
        else if (form == 1)
          plainPtx(1024, bytes, 512, 0, mask);
        else if (form == 2)
          tile(1024, 0, map, 2, 3, mask, 0, 1, 0, 0);
        else
          tilePtx(1024, map, 2, 3, 0, mask, 0);
      }
      if (gets && all)
        waitParity(0, 0);
      unsigned wrong = 0;
      if (gets && form < 2)
        for (unsigned i = 0; i < 512; ++i)
          wrong += load<uint8_t>(1024 + i) != tensor.bytes[i];
      else if (gets)
        tensor.eachElement({2, 3}, 1024, [&](uint32_t shared, int64_t global) {
          uint32_t value;
          std::memcpy(&value, tensor.bytes + global, 4);
          wrong += load<uint32_t>(shared) != value;
        });
      EXPECT_TRUE(wrong == 0 || !all);
      if (gets)
        waitParity(0, 0);
      syncCluster();
    };
  };
  for (int form = 0; form < 4; ++form)
    for (uint32_t mask : {0xfu, 0x5u, 0x2u})
      bench.expectRight(kernel(form, mask, true));
  bench.expectFound(Check::InFlight, "still writing", kernel(2, 0xf, false), Bench::Lazily);
  bench.expectFound(Check::Operand, "expected a multicast mask of blocks of the cluster",
                    kernel(2, 0x1f, true));
}

} // namespace
} // namespace dreamer::emulator::test

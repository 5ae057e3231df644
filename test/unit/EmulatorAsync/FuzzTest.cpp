// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Right instructions with wrong operands in any order: the emulator reports, and comes to an end.

#include "Tensors.h"

#include <gmock/gmock.h>

#include <random>

namespace dreamer::emulator::test {
namespace {

struct Candidate {
  const char *name;
  unsigned inputs, outputs;
};

constexpr Candidate candidates[] = {
    {"cp.async.ca.shared.global.4", 2, 0},
    {"cp.async.cg.shared.global.16.s", 3, 0},
    {"cp.async.commit.group", 0, 0},
    {"cp.async.wait.group", 1, 0},
    {"cp.async.wait.all", 0, 0},
    {"cp.async.mbarrier.arrive", 1, 0},
    {"cp.async.mbarrier.arrive.noinc.shared", 1, 0},
    {"mbarrier.init.shared", 2, 0},
    {"mbarrier.inval", 1, 0},
    {"mbarrier.arrive.scope.cta.space.cta", 2, 1},
    {"mbarrier.arrive.scope.cluster.space.cluster", 2, 0},
    {"mbarrier.arrive.drop.expect.tx.scope.cta.space.cta", 2, 1},
    {"mbarrier.arrive.noComplete", 2, 1},
    {"mbarrier.expect.tx.scope.cta.space.cta", 2, 0},
    {"mbarrier.complete.tx.scope.cta.space.cluster", 2, 0},
    {"mbarrier.test.wait.parity.scope.cta.space.cta", 2, 1},
    {"mbarrier.test.wait", 2, 1},
    {"mbarrier.pending.count", 1, 1},
    {"cp.async.bulk.global.to.shared.cluster", 8, 0},
    {"cp.async.bulk.shared.cta.to.cluster", 4, 0},
    {"cp.async.bulk.shared.cta.to.global.bytemask", 6, 0},
    {"cp.async.bulk.prefetch.L2", 4, 0},
    {"cp.async.bulk.commit.group", 0, 0},
    {"cp.async.bulk.wait.group.read", 1, 0},
    {"cp.async.bulk.wait.group", 1, 0},
    {"cp.async.bulk.tensor.g2s.tile.2d", 10, 0},
    {"cp.async.bulk.tensor.g2s.cta.tile.5d", 10, 0},
    {"cp.async.bulk.tensor.s2g.tile.2d", 6, 0},
    {"cp.async.bulk.tensor.reduce.add.tile.2d", 6, 0},
    {"cp.async.bulk.tensor.prefetch.tile.2d", 5, 0},
    {"mapa", 2, 1},
    {"mapa.shared.cluster", 2, 1},
    {"getctarank", 1, 1},
    {"isspacep.global", 1, 1},
    {"barrier.cluster.arrive", 0, 0},
};

TEST(Fuzz, Operands) {
  std::vector<std::unique_ptr<Operation>> operations;
  for (const Candidate &candidate : candidates) {
    std::vector<std::optional<int64_t>> known(10, 0);
    if (std::string_view(candidate.name).ends_with("shared.cluster"))
      known[6] = 1; // with a mask
    operations.push_back(Op::make(candidate.name, candidate.inputs, candidate.outputs, known));
    ASSERT_TRUE(operations.back()) << candidate.name;
  }
  for (unsigned seed = 0; seed < 60; ++seed) {
    Bench bench(33, 2, 2048);
    TestTensor tensor(bench, ElementType::F32, {40, 20}, {32, 3}, SwizzleMode::Bytes128),
        large(bench, ElementType::F32, {40, 20, 4, 4, 4}, {32, 256, 256, 256, 256});
    LaunchOptions options;
    options.seed = seed / 2;
    options.completion = seed % 2 ? Completion::Lazy : Completion::Eager;
    bench.run(
        [&](Thread &thread) {
          std::mt19937_64 random(seed * 1000 + thread.index + thread.clusterCtaRank * 77);
          uint64_t shared = slotOf(thread.shared), other = uint64_t(2) << sharedRankShift;
          for (int step = 0; step < 40; ++step) {
            const Candidate &candidate = candidates[random() % std::size(candidates)];
            uint64_t slots[16] = {};
            for (unsigned i = 0; i < candidate.inputs; ++i) {
              uint64_t values[] = {random() % 16 * 128,
                                   random() % 16 * 128,
                                   random() % 4,
                                   random() % 2100,
                                   uint32_t(random()),
                                   random(),
                                   0,
                                   slotOf(tensor.map),
                                   slotOf(large.map),
                                   slotOf(tensor.bytes) + random() % 64 * 16,
                                   slotOf(tensor.bytes) + random() % 8000,
                                   shared + random() % 16 * 128,
                                   other + random() % 16 * 128};
              slots[i] = values[random() % std::size(values)];
            }
            operations[&candidate - candidates]->execute(thread, slots);
            if (random() % 64 == 0) // a word of the map changes
              store<uint32_t>(slotOf(large.map) + random() % 32 * 4, random(), Space::Global);
          }
        },
        options);
  }
}

} // namespace
} // namespace dreamer::emulator::test

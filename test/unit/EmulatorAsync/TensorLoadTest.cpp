// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tensors.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

const Op init("mbarrier.init.shared", 2),
    arriveExpect("mbarrier.arrive.expect.tx.scope.cta.space.cta", 2, 1),
    fence("fence.proxy.async.shared_cta", 0);

const Loop wait("mbarrier.try.wait.parity.scope.cta.space.cta");

constexpr uint32_t bar = 0, tileAt = 1024;

/// Executes a load of any rank for the running thread, as an intrinsic or as PTX.
void loadTile(const TestTensor &tensor, const std::vector<int32_t> &at, bool ptx, bool ownBlock,
              uint32_t to = tileAt, uint32_t mbarrier = bar) {
  unsigned rank = tensor.rank();
  std::string dims = std::to_string(rank) + "d";
  uint64_t slots[16] = {};
  unsigned n = 0;
  auto put = [&](uint64_t value) { slots[n++] = value; };
  put(to);
  if (!ptx)
    put(mbarrier);
  put(slotOf(tensor.map));
  for (int32_t coordinate : at)
    put(uint32_t(coordinate));
  std::string name;
  std::vector<std::optional<int64_t>> known(16, 0);
  if (ptx) {
    put(mbarrier);
    name = "%cp.async.bulk.tensor." + dims + (ownBlock ? ".shared::cta" : ".shared::cluster") +
           ".global.tile.mbarrier::complete_tx::bytes";
  } else {
    n += ownBlock ? 2 : 5;
    name = std::string("cp.async.bulk.tensor.g2s.") + (ownBlock ? "cta." : "") + "tile." + dims;
  }
  // Kept while the copy is under way.
  static std::map<std::string, std::unique_ptr<Operation>> made;
  std::unique_ptr<Operation> &op = made[name];
  if (!op)
    op = Op::make(name, n, 0, known);
  ASSERT_TRUE(op) << name;
  op->execute(self(), slots);
}

struct LoadCase {
  ElementType type;
  std::vector<uint64_t> dims;
  std::vector<uint32_t> box;
  SwizzleMode swizzle = SwizzleMode::None;
  std::vector<uint32_t> steps = {};
  unsigned fill = 0;
};

void PrintTo(const LoadCase &given, std::ostream *out) {
  *out << nameOf(given.type) << ", rank " << given.dims.size() << ", swizzle "
       << int(given.swizzle);
}

class TensorLoads : public testing::TestWithParam<LoadCase> {};

/// All corners and the middle, in all forms.
TEST_P(TensorLoads, Tiles) {
  const LoadCase &given = GetParam();
  Bench bench(1, 1, 64 << 10);
  TestTensor tensor(bench, given.type, given.dims, given.box, given.swizzle);
  for (size_t d = 0; d < given.steps.size(); ++d)
    tensor.request.elementSteps[d] = given.steps[d];
  tensor.request.fill = given.fill;
  tensor.encodeAgain();
  std::vector<std::vector<int32_t>> places;
  for (int place = 0; place < 5; ++place) {
    std::vector<int32_t> at;
    for (size_t d = 0; d < given.dims.size(); ++d) {
      int32_t dim = given.dims[d], box = given.box[d];
      int32_t choices[] = {0, -1, dim - box + 3, dim / 2, -box};
      at.push_back(choices[place == 4 && d ? 0 : place]);
    }
    places.push_back(at);
  }
  bench.expectRight([&](Thread &) {
    init(bar, 1);
    fence();
    uint32_t phase = 0;
    for (const std::vector<int32_t> &at : places)
      for (int form = 0; form < 4; ++form) {
        arriveExpect(bar, tensor.tileBytes());
        loadTile(tensor, at, form & 1, form & 2);
        wait(bar, phase++ & 1);
        unsigned wrong = 0;
        tensor.eachElement(at, tileAt, [&](uint32_t shared, int64_t global) {
          for (unsigned b = 0; b < tensor.elementBytes(); ++b) {
            bool last = b + 1 == tensor.elementBytes();
            uint8_t outside = given.fill ? (last ? 0x7f : 0xff) : 0;
            uint8_t expected = global < 0 ? outside : tensor.bytes[global + b];
            wrong += load<uint8_t>(shared + b) != expected;
          }
        });
        EXPECT_EQ(wrong, 0u) << "place " << at[0] << ", form " << form;
      }
  });
}

using enum ElementType;
INSTANTIATE_TEST_SUITE_P(
    Shapes, TensorLoads,
    testing::Values(LoadCase{F32, {40}, {16}}, LoadCase{U8, {100}, {48}},
                    LoadCase{F16, {40, 12}, {16, 5}},
                    LoadCase{F16, {100, 30}, {64, 16}, SwizzleMode::Bytes128},
                    LoadCase{F32, {33, 20}, {16, 9}, SwizzleMode::Bytes64},
                    LoadCase{U8, {50, 40}, {32, 11}, SwizzleMode::Bytes32},
                    LoadCase{BF16, {50, 40}, {24, 7}, SwizzleMode::Bytes128},
                    LoadCase{S32, {9, 8, 7}, {4, 3, 2}},
                    LoadCase{F64, {9, 8, 7}, {2, 3, 4}, SwizzleMode::Bytes32, {1, 2, 3}},
                    LoadCase{U16, {17, 6, 5, 4}, {8, 3, 2, 2}, SwizzleMode::Bytes128},
                    LoadCase{S64, {5, 4, 3, 3, 3}, {2, 2, 2, 2, 2}},
                    LoadCase{F16, {20, 9, 4}, {8, 4, 2}, SwizzleMode::None, {}, 1},
                    LoadCase{F32, {20, 9}, {8, 4}, SwizzleMode::None, {}, 1},
                    LoadCase{F64, {20, 9}, {8, 4}, SwizzleMode::None, {}, 1}));

TEST(TensorLoad, UnknownFormsAreRefused) {
  std::vector<std::optional<int64_t>> known(16, 0);
  auto refused = [&](const std::string &name, unsigned inputs) {
    return !Op::make(name, inputs, 0, known);
  };
  EXPECT_FALSE(refused("cp.async.bulk.tensor.g2s.tile.2d", 10));
  EXPECT_TRUE(refused("cp.async.bulk.tensor.g2s.tile.2d", 9));
  EXPECT_TRUE(refused("cp.async.bulk.tensor.g2s.tile.6d", 14));
  EXPECT_TRUE(refused("cp.async.bulk.tensor.g2s.im2col.3d", 12));
  EXPECT_TRUE(refused("cp.async.bulk.tensor.g2s.tile.gather4.2d", 13));
  EXPECT_TRUE(refused("%cp.async.bulk.tensor.3d.shared::cluster.global.im2col"
                      ".mbarrier::complete_tx::bytes",
                      7));
  known[9] = 1; // a pair of blocks
  EXPECT_TRUE(refused("cp.async.bulk.tensor.g2s.tile.2d", 10));
}

/// A matrix and one thread that loads of it.
struct OneLoad : Bench {
  TestTensor tensor;
  explicit OneLoad(unsigned threads = 1) : Bench(threads), tensor(*this, F16, {64, 64}, {32, 8}) {}
  void begin() {
    init(bar, 1);
    fence();
  }
};

TEST(TensorLoad, ReadBeforeWait) {
  OneLoad bench;
  bench.expectFound(Check::InFlight, "still writing", [&](Thread &) {
    bench.begin();
    arriveExpect(bar, 512);
    loadTile(bench.tensor, {0, 0}, false, true);
    load<uint16_t>(tileAt);
    wait(bar, 0);
  });
}

TEST(TensorLoad, WaitForAnotherBarrier) {
  OneLoad bench;
  bench.expectFound(Check::InFlight, "still writing", [&](Thread &) {
    bench.begin();
    init(bar + 8, 1);
    arriveExpect(bar, 512);
    arriveExpect(bar + 8, 512);
    loadTile(bench.tensor, {0, 0}, false, true, tileAt, bar);
    loadTile(bench.tensor, {0, 8}, false, true, tileAt + 512, bar + 8);
    wait(bar + 8, 0);
    load<uint16_t>(tileAt);
    wait(bar, 0);
  });
}

TEST(TensorLoad, EndWithoutWait) {
  OneLoad bench;
  bench.expectFound(Check::Exit, "copies that nobody waited for", [&](Thread &) {
    bench.begin();
    arriveExpect(bar, 512);
    loadTile(bench.tensor, {0, 0}, false, true);
  });
}

/// All threads poll, so that the engine has to go on by itself.
TEST(TensorLoad, Polling) {
  const Op test("mbarrier.test.wait.parity.scope.cta.space.cta", 2, 1);
  OneLoad bench(64);
  bench.expectRight([&](Thread &thread) {
    if (thread.index == 0)
      bench.begin();
    syncThreads();
    if (thread.index == 0) {
      arriveExpect(bar, 512);
      loadTile(bench.tensor, {0, 0}, false, true);
    }
    while (!test(bar, 0)) {
    }
    uint16_t found = load<uint16_t>(tileAt + 2 * (thread.index % 32)), expected;
    std::memcpy(&expected, bench.tensor.bytes + 2 * (thread.index % 32), 2);
    EXPECT_EQ(found, expected);
  });
}

/// What a launch leaves under way does not burden the next one.
TEST(TensorLoad, NextLaunch) {
  OneLoad bench;
  bench.findings([&](Thread &) {
    bench.begin();
    arriveExpect(bar, 512);
    loadTile(bench.tensor, {0, 0}, false, true);
  });
  bench.expectRight([&](Thread &) { store(slotOf(bench.tensor.bytes), 0, Space::Global); });
}

TEST(TensorLoad, WrongExpectations) {
  OneLoad bench;
  bench.expectFound(Check::Transactions, "ends with 256 bytes more than expected", [&](Thread &) {
    bench.begin();
    arriveExpect(bar, 256);
    loadTile(bench.tensor, {0, 0}, false, true);
    wait(bar, 0);
  });
  bench.expectFound(Check::Deadlock, "mbarrier at shared byte 0, phase 0", [&](Thread &) {
    bench.begin();
    arriveExpect(bar, 1024);
    loadTile(bench.tensor, {0, 0}, false, true);
    wait(bar, 0);
  });
}

TEST(TensorLoad, OverwriteWithoutFence) {
  OneLoad bench;
  auto kernel = [&](bool fenced) {
    return [&bench, fenced](Thread &) {
      bench.begin();
      store<uint32_t>(tileAt, 1);
      if (fenced)
        fence();
      arriveExpect(bar, 512);
      loadTile(bench.tensor, {0, 0}, false, true);
      wait(bar, 0);
    };
  };
  bench.expectFound(Check::ProxyFence, "no fence.proxy.async since", kernel(false));
  bench.expectRight(kernel(true));
}

/// The next tile is loaded while another thread still reads the one before.
TEST(TensorLoad, OverwriteWhileRead) {
  OneLoad bench(64);
  auto kernel = [&](bool ordered) {
    return [&bench, ordered](Thread &thread) {
      if (thread.index == 0)
        bench.begin();
      syncThreads();
      if (thread.index == 0) {
        arriveExpect(bar, 512);
        loadTile(bench.tensor, {0, 0}, false, true);
      }
      wait(bar, 0);
      load<uint16_t>(tileAt + thread.index * 2);
      if (ordered)
        syncThreads();
      if (thread.index == 0) {
        if (!ordered) // the others have most likely read
          for (int i = 0; i < 8; ++i)
            thread.yield();
        arriveExpect(bar, 512);
        loadTile(bench.tensor, {0, 0}, false, true);
        wait(bar, 1);
      }
    };
  };
  bench.expectFound(Check::Race, "not ordered after the", kernel(false));
  bench.expectRight(kernel(true));
}

TEST(TensorLoad, SourceWrittenMeanwhile) {
  OneLoad bench;
  bench.expectFound(Check::InFlight, "still reading", [&](Thread &) {
    bench.begin();
    arriveExpect(bar, 512);
    loadTile(bench.tensor, {0, 0}, false, true);
    store<uint16_t>(slotOf(bench.tensor.bytes), 0, Space::Global);
    wait(bar, 0);
  });
}

TEST(TensorLoad, BadOperands) {
  OneLoad bench;
  TestTensor line(bench, F16, {64}, {32});
  auto tryLoad = [&](const TestTensor &tensor, const std::vector<int32_t> &at, uint32_t to,
                     uint32_t mbarrier = bar) {
    return [&bench, &tensor, at, to, mbarrier](Thread &) {
      bench.begin();
      loadTile(tensor, at, false, true, to, mbarrier);
    };
  };
  bench.expectFound(Check::Alignment, "multiple of 128, found 1040",
                    tryLoad(bench.tensor, {0, 0}, 1040));
  bench.expectFound(Check::Bounds, "shared access to 512 bytes at 3712",
                    tryLoad(bench.tensor, {0, 0}, 3712));
  bench.expectFound(Check::Operand, "expected a tensor map of rank 1, found rank 2",
                    [&](Thread &t) {
                      TestTensor wrong = line;
                      wrong.map = bench.tensor.map;
                      tryLoad(wrong, {0}, tileAt)(t);
                    });
  bench.expectFound(Check::Alignment, "multiple of 8, found 4",
                    tryLoad(bench.tensor, {0, 0}, tileAt, 4));
  bench.expectFound(Check::Uninitialised, "without mbarrier.init before",
                    tryLoad(bench.tensor, {0, 0}, tileAt, 64));
  bench.expectFound(Check::Operand, "expected a tensor map that the emulator made", [&](Thread &t) {
    TestTensor wrong = line;
    wrong.map = reinterpret_cast<TensorMap *>(bench.tensor.bytes);
    tryLoad(wrong, {0}, tileAt)(t);
  });
  // A map that says more than there is.
  bench.tensor.request.dims[1] = 100;
  bench.tensor.encodeAgain();
  bench.expectFound(Check::Bounds, "of an allocation of", [&](Thread &) {
    bench.begin();
    arriveExpect(bar, 512);
    loadTile(bench.tensor, {0, 70}, false, true);
    wait(bar, 0);
  });
}

} // namespace
} // namespace dreamer::emulator::test

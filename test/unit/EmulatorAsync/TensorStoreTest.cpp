// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tensors.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace dreamer::emulator::test {
namespace {

const Op fence("fence.proxy.async.shared_cta", 0), commit("cp.async.bulk.commit.group", 0),
    waitGroup("cp.async.bulk.wait.group", 1), waitRead("cp.async.bulk.wait.group.read", 1);

constexpr uint32_t tileAt = 1024;

/// Executes a store or, with an operator, a reduction, as an intrinsic or as PTX.
void storeTile(const TestTensor &tensor, const std::vector<int32_t> &at, bool ptx,
               const std::string &reduction = "", uint32_t from = tileAt) {
  unsigned rank = tensor.rank();
  std::string dims = std::to_string(rank) + "d", name;
  uint64_t slots[16] = {};
  unsigned n = 0;
  auto put = [&](uint64_t value) { slots[n++] = value; };
  if (!ptx)
    put(from);
  put(slotOf(tensor.map));
  for (int32_t coordinate : at)
    put(uint32_t(coordinate));
  if (ptx) {
    put(from);
    name = reduction.empty() ? "%cp.async.bulk.tensor." + dims + ".global.shared::cta.bulk_group"
                             : "%cp.reduce.async.bulk.tensor." + dims + ".global.shared::cta." +
                                   reduction + ".tile.bulk_group";
  } else {
    n += 2;
    name = "cp.async.bulk.tensor." + (reduction.empty() ? "s2g" : "reduce." + reduction) +
           ".tile." + dims;
  }
  static std::map<std::string, std::unique_ptr<Operation>> made;
  std::unique_ptr<Operation> &op = made[name];
  if (!op)
    op = Op::make(name, n, 0, std::vector<std::optional<int64_t>>(16, 0));
  ASSERT_TRUE(op) << name;
  op->execute(self(), slots);
}

/// Fills shared memory where tiles are; byte i is i * 11 + 5.
uint8_t sharedByte(uint32_t i) { return i * 11 + 5; }
void fillShared(uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i)
    store<uint8_t>(tileAt + i, sharedByte(i));
}

struct StoreCase {
  ElementType type;
  std::vector<uint64_t> dims;
  std::vector<uint32_t> box;
  SwizzleMode swizzle = SwizzleMode::None;
};

void PrintTo(const StoreCase &given, std::ostream *out) {
  *out << nameOf(given.type) << ", rank " << given.dims.size() << ", swizzle "
       << int(given.swizzle);
}

class TensorStores : public testing::TestWithParam<StoreCase> {};

TEST_P(TensorStores, Tiles) {
  const StoreCase &given = GetParam();
  for (int form = 0; form < 2; ++form)
    for (int place = 0; place < 4; ++place) {
      Bench bench(1, 1, 64 << 10);
      TestTensor tensor(bench, given.type, given.dims, given.box, given.swizzle);
      std::vector<int32_t> at;
      for (size_t d = 0; d < given.dims.size(); ++d) {
        int32_t dim = given.dims[d], box = given.box[d];
        int32_t choices[] = {0, -1, dim - box + 3, -box};
        at.push_back(choices[place]);
      }
      std::vector<uint8_t> before(tensor.bytes, tensor.bytes + tensor.size), expected = before;
      tensor.eachElement(at, tileAt, [&](uint32_t shared, int64_t global) {
        for (unsigned b = 0; global >= 0 && b < tensor.elementBytes(); ++b)
          expected[global + b] = sharedByte(shared + b - tileAt);
      });
      bench.prepare = [&] { std::copy(before.begin(), before.end(), tensor.bytes); };
      bench.expectRight(
          [&](Thread &) {
            fillShared((tensor.tileBytes() + 127) / 128 * 128);
            fence();
            storeTile(tensor, at, form);
            commit();
            waitRead(0);
            store<uint8_t>(tileAt, 1); // the source may be used again
          },
          [&] {
            EXPECT_TRUE(std::equal(expected.begin(), expected.end(), tensor.bytes))
                << "place " << place << ", form " << form;
          });
    }
}

using enum ElementType;
INSTANTIATE_TEST_SUITE_P(
    Shapes, TensorStores,
    testing::Values(StoreCase{F32, {40}, {16}}, StoreCase{F16, {40, 12}, {16, 5}},
                    StoreCase{F16, {100, 30}, {64, 16}, SwizzleMode::Bytes128},
                    StoreCase{F32, {33, 20}, {16, 9}, SwizzleMode::Bytes64},
                    StoreCase{U8, {50, 40}, {32, 11}, SwizzleMode::Bytes32},
                    StoreCase{S32, {9, 8, 7}, {4, 3, 2}},
                    StoreCase{U16, {17, 6, 5, 4}, {8, 3, 2, 2}, SwizzleMode::Bytes128},
                    StoreCase{S64, {5, 4, 3, 3, 3}, {2, 2, 2, 2, 2}}));

//===-- Reductions ------------------------------------------------------------------------------------------------===//

template <typename Value>
Value reference(const std::string &op, Value old, Value with) {
  if (op == "add")
    return old + with;
  if (op == "min")
    return std::min(old, with);
  if (op == "max")
    return std::max(old, with);
  if constexpr (std::is_integral_v<Value>) {
    if (op == "inc")
      return old >= with ? 0 : old + 1;
    if (op == "dec")
      return old == 0 || old > with ? with : old - 1;
    if (op == "and")
      return old & with;
    if (op == "or")
      return old | with;
    if (op == "xor")
      return old ^ with;
  }
  ADD_FAILURE() << op;
  return old;
}

/// Two threads reduce one tile each into overlapping places; as the operators are commutative (inc
/// and dec with one thread only), order does not matter.
template <typename Value>
void expectReduced(ElementType type, const std::string &op, unsigned threads) {
  Bench bench(threads, 1, 8192);
  TestTensor tensor(bench, type, {48, 10}, {16, 4});
  auto valueOf = [&](uint32_t thread, uint32_t i) {
    return Value(int32_t((thread * 37 + i * 13) % 50) - (std::is_unsigned_v<Value> ? 0 : 25));
  };
  uint32_t count = 16 * 4, stride = tensor.request.strides[0];
  auto cell = [&](uint32_t row, uint32_t column) {
    return reinterpret_cast<Value *>(tensor.bytes + row * stride + column * sizeof(Value));
  };
  bench.prepare = [&] {
    for (uint32_t r = 0; r < 10; ++r)
      for (uint32_t c = 0; c < 48; ++c)
        *cell(r, c) = Value(int32_t((r * 5 + c * 3) % 40));
  };
  for (bool ptx : {false, true})
    bench.expectRight(
        [&](Thread &thread) {
          uint32_t from = tileAt + thread.index * 1024;
          for (uint32_t i = 0; i < count; ++i)
            store<Value>(from + i * sizeof(Value), valueOf(thread.index, i));
          fence();
          storeTile(tensor, {int32_t(thread.index * 4), -1}, ptx, op, from);
          commit();
          waitGroup(0);
        },
        [&] {
          unsigned wrong = 0;
          for (uint32_t r = 0; r < 10; ++r)
            for (uint32_t c = 0; c < 48; ++c) {
              Value expected = Value(int32_t((r * 5 + c * 3) % 40));
              for (uint32_t t = 0; t < threads; ++t)
                if (c >= t * 4 && c < t * 4 + 16 && r + 1 < 4)
                  expected = reference<Value>(op, expected, valueOf(t, (r + 1) * 16 + c - t * 4));
              wrong += *cell(r, c) != expected;
            }
          EXPECT_EQ(wrong, 0u) << op << " " << nameOf(type);
        });
}

TEST(TensorReduce, Integers) {
  for (const char *op : {"add", "min", "max", "and", "or", "xor"}) {
    expectReduced<uint32_t>(U32, op, 2);
    expectReduced<int32_t>(S32, op, 2);
    expectReduced<uint64_t>(U64, op, 2);
    expectReduced<int64_t>(S64, op, 2);
  }
  expectReduced<uint32_t>(U32, "inc", 1);
  expectReduced<uint32_t>(U32, "dec", 1);
}

TEST(TensorReduce, Floats) {
  expectReduced<float>(F32, "add", 2);
  expectReduced<double>(F64, "add", 2);
  for (const char *op : {"add", "min", "max"})
    expectReduced<_Float16>(F16, op, 2);
}

/// Sums that have to be rounded, to even where they lie half-way.
TEST(TensorReduce, BFloat16) {
  Bench bench(1);
  TestTensor tensor(bench, BF16, {8}, {8});
  const uint16_t old[8] = {0x3f80, 0x4380, 0x4380, 0x4381, 0xc380, 0x0000, 0x7f80, 0x3f80},
                 with[8] = {0x3f80, 0x3f80, 0x4040, 0x3f80, 0xbf80, 0x8000, 0xff80, 0xbf80},
                 sums[8] = {0x4000, 0x4380, 0x4382, 0x4382, 0xc380, 0x0000, 0x7fff, 0x0000};
  bench.prepare = [&] { std::memcpy(tensor.bytes, old, sizeof(old)); };
  bench.expectRight(
      [&](Thread &) {
        for (int i = 0; i < 8; ++i)
          store<uint16_t>(tileAt + i * 2, with[i]);
        fence();
        storeTile(tensor, {0}, false, "add");
        commit();
        waitGroup(0);
      },
      [&] {
        for (int i = 0; i < 8; ++i) {
          uint16_t found;
          std::memcpy(&found, tensor.bytes + i * 2, 2);
          EXPECT_EQ(found, sums[i]) << i;
        }
      });
}

TEST(TensorReduce, TypesThatCannotBe) {
  Bench bench(1);
  TestTensor bytes(bench, U8, {64}, {64}), words(bench, S32, {64}, {16}),
      floats(bench, F32, {64}, {16});
  for (auto [tensor, op] : {std::pair(&bytes, "add"), std::pair(&words, "inc"),
                            std::pair(&floats, "max"), std::pair(&floats, "xor")})
    bench.expectFound(Check::Operand, "cannot be reduced with " + std::string(op), [&](Thread &) {
      storeTile(*tensor, {0}, false, op);
      commit();
      waitGroup(0);
    });
}

//===-- What can go wrong -----------------------------------------------------------------------------------------===//

struct OneStore : Bench {
  TestTensor tensor;
  OneStore() : Bench(1), tensor(*this, F32, {64, 4}, {32, 2}) {}
};

TEST(TensorStore, WithoutFence) {
  OneStore bench;
  bench.expectFound(Check::ProxyFence, "no fence.proxy.async since", [&](Thread &) {
    fillShared(256);
    storeTile(bench.tensor, {0, 0}, false);
    commit();
    waitRead(0);
  });
}

TEST(TensorStore, SourceOverwritten) {
  OneStore bench;
  auto kernel = [&](int newest) {
    return [&bench, newest](Thread &) {
      fillShared(512);
      fence();
      storeTile(bench.tensor, {0, 0}, false);
      commit();
      storeTile(bench.tensor, {32, 0}, false, "", tileAt + 256);
      commit();
      waitRead(newest);
      store<float>(tileAt + 256, 1);
      waitRead(0);
    };
  };
  bench.expectFound(Check::InFlight, "still reading", kernel(1));
  bench.expectRight(kernel(0));
}

TEST(TensorStore, ResultReadTooEarly) {
  OneStore bench;
  auto kernel = [&](bool complete) {
    return [&bench, complete](Thread &) {
      fillShared(256);
      fence();
      storeTile(bench.tensor, {0, 0}, false);
      commit();
      if (complete)
        waitGroup(0);
      else
        waitRead(0);
      load<uint8_t>(slotOf(bench.tensor.bytes), Space::Global);
    };
  };
  bench.expectFound(Check::InFlight, "still writing", kernel(false));
  bench.expectRight(kernel(true));
}

TEST(TensorStore, EndWithGroupsPending) {
  OneStore bench;
  auto kernel = [&](bool commits, bool waits) {
    return [&bench, commits, waits](Thread &) {
      fillShared(256);
      fence();
      storeTile(bench.tensor, {0, 0}, false);
      if (commits)
        commit();
      if (waits)
        waitRead(0);
    };
  };
  bench.expectFound(Check::Exit, "has been waited for", kernel(true, false));
  bench.expectFound(Check::Exit, "has been waited for", kernel(false, true)); // in no group
  bench.expectRight(kernel(true, true));
}

TEST(TensorStore, Uninitialised) {
  OneStore bench;
  bench.expectFound(Check::Uninitialised, "which nobody wrote", [&](Thread &) {
    fillShared(128);
    fence();
    storeTile(bench.tensor, {0, 0}, false);
    commit();
    waitRead(0);
  });
}

TEST(TensorPrefetch, ChecksItsMap) {
  Bench bench(1);
  TestTensor tensor(bench, F32, {64, 4}, {32, 2});
  const Op prefetch("cp.async.bulk.tensor.prefetch.tile.2d", 5),
      ptx("%cp.async.bulk.prefetch.tensor.2d.L2.global.tile", 3),
      line("cp.async.bulk.tensor.prefetch.tile.1d", 4);
  bench.expectRight([&](Thread &) {
    prefetch(slotOf(tensor.map), 0, 1, 0, 0);
    ptx(slotOf(tensor.map), uint32_t(-3), 200);
  });
  bench.expectFound(Check::Operand, "rank 1, found rank 2",
                    [&](Thread &) { line(slotOf(tensor.map), 0, 0, 0); });
  tensor.request.dims[1] = 400;
  tensor.encodeAgain();
  bench.expectFound(Check::Bounds, "outside of every allocation",
                    [&](Thread &) { prefetch(slotOf(tensor.map), 0, 100, 0, 0); });
}

} // namespace
} // namespace dreamer::emulator::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/Support.h"

#include "lib/Emulator/Machine/Machine.h"

namespace dreamer::emulator::test {

namespace {

const Common &common() {
  static const Common one;
  return one;
}

/// Element (row, column) of matrix `matrix`.
uint16_t element(unsigned matrix, unsigned row, unsigned column) {
  return uint16_t(matrix << 12 | row << 8 | column << 4 | 5);
}

/// Where a row lies: rows do not follow each other.
uint32_t rowOffset(unsigned matrix, unsigned row) { return ((matrix * 8 + row) * 7 % 32) * 48; }
constexpr uint32_t sharedBytes = 32 * 48;

std::string name(const char *kind, unsigned matrices, bool transposed, const char *end) {
  return std::string(kind) + ".sync.aligned.m8n8.x" + std::to_string(matrices) +
         (transposed ? ".trans" : "") + end;
}

/// What lane `lane` holds of a matrix: PTX ISA, "ldmatrix": row lane / 4, two elements.
uint32_t held(unsigned matrix, unsigned lane, bool transposed) {
  unsigned row = lane / 4, column = lane % 4 * 2;
  if (transposed)
    return element(matrix, column, row) | uint32_t(element(matrix, column + 1, row)) << 16;
  return element(matrix, row, column) | uint32_t(element(matrix, row, column + 1)) << 16;
}

void storeMatrices(Thread &thread) {
  for (unsigned column = 0; column < 8; ++column) {
    uint16_t value = element(thread.index / 8, thread.index % 8, column);
    common().store(thread, rowOffset(thread.index / 8, thread.index % 8) + 2 * column, &value, 2);
  }
  common().sync(thread);
}

} // namespace

TEST(MatrixMove, Load) {
  for (bool isPtx : {false, true})
    for (unsigned matrices : {1, 2, 4})
      for (bool transposed : {false, true}) {
        std::unique_ptr<Operation> load =
            isPtx ? ptx(name("ldmatrix", matrices, transposed, ".shared.b16"), 1, matrices)
                  : intrinsic(name("ldmatrix", matrices, transposed, ".b16.p3"), 1, matrices);
        ASSERT_TRUE(load);
        for (const LaunchOptions &options : variants()) {
          auto findings = run(
              32, sharedBytes,
              [&](Thread &thread) {
                storeMatrices(thread);
                // Lanes that give no address of a row have any value there.
                unsigned i = thread.index;
                uint64_t slots[5] = {i < 8 * matrices ? rowOffset(i / 8, i % 8) : 0xdeadbee1};
                load->execute(thread, slots);
                for (unsigned m = 0; m < matrices; ++m)
                  EXPECT_EQ(slots[1 + m], held(m, i, transposed)) << i;
              },
              options);
          EXPECT_TRUE(findings.empty()) << text(findings);
        }
      }
}

TEST(MatrixMove, Store) {
  for (bool isPtx : {false, true})
    for (unsigned matrices : {1, 2, 4})
      for (bool transposed : {false, true}) {
        std::unique_ptr<Operation> store =
            isPtx ? ptx(name("stmatrix", matrices, transposed, ".shared::cta.b16"), 1 + matrices, 0)
                  : intrinsic(name("stmatrix", matrices, transposed, ".b16.p3"), 1 + matrices, 0);
        ASSERT_TRUE(store);
        for (const LaunchOptions &options : variants()) {
          auto findings = run(
              32, sharedBytes,
              [&](Thread &thread) {
                unsigned i = thread.index;
                uint64_t slots[5] = {i < 8 * matrices ? rowOffset(i / 8, i % 8) : 0xdeadbee1};
                for (unsigned m = 0; m < matrices; ++m)
                  slots[1 + m] = held(m, i, transposed);
                store->execute(thread, slots);
                common().sync(thread);
                for (unsigned column = 0; i < 8 * matrices && column < 8; ++column) {
                  uint16_t value = 0;
                  common().load(thread, rowOffset(i / 8, i % 8) + 2 * column, &value, 2);
                  EXPECT_EQ(value, element(i / 8, i % 8, column));
                }
              },
              options);
          EXPECT_TRUE(findings.empty()) << text(findings);
        }
      }
}

TEST(MatrixMove, Transpose) {
  std::unique_ptr<Operation> move = ptx("movmatrix.sync.aligned.m8n8.trans.b16", 1, 1);
  ASSERT_TRUE(move);
  auto findings = run(32, 0, [&](Thread &thread) {
    uint64_t slots[2] = {held(0, thread.index, false)};
    move->execute(thread, slots);
    EXPECT_EQ(slots[1], held(0, thread.index, true));
  });
  EXPECT_TRUE(findings.empty()) << text(findings);
}

TEST(MatrixMove, GenericPointer) {
  std::unique_ptr<Operation> load = intrinsic("ldmatrix.sync.aligned.m8n8.x4.b16.p0", 1, 4);
  ASSERT_TRUE(load);
  auto findings = run(32, sharedBytes, [&](Thread &thread) {
    storeMatrices(thread);
    std::byte *row = thread.block->memory + rowOffset(thread.index / 8, thread.index % 8);
    uint64_t slots[5] = {reinterpret_cast<uint64_t>(row)};
    load->execute(thread, slots);
    EXPECT_EQ(slots[3], held(2, thread.index, false));
  });
  EXPECT_TRUE(findings.empty()) << text(findings);
}

TEST(MatrixMove, Faults) {
  std::unique_ptr<Operation> load = intrinsic("ldmatrix.sync.aligned.m8n8.x4.b16.p3", 1, 4);
  std::unique_ptr<Operation> store = intrinsic("stmatrix.sync.aligned.m8n8.x4.b16.p3", 5, 0);
  auto loadAt = [&](uint64_t add, bool written, bool ordered) {
    return run(32, 512, [&, add](Thread &thread) {
      uint64_t value[2] = {1, 2};
      if (written)
        common().store(thread, 16 * thread.index, value, 16);
      if (ordered)
        common().sync(thread);
      uint64_t slots[5] = {16 * ((thread.index + 1) % 32) + (thread.index == 7 ? add : 0)};
      load->execute(thread, slots);
    });
  };
  EXPECT_TRUE(loadAt(0, true, true).empty());
  EXPECT_TRUE(only(loadAt(8, true, true), Check::Alignment));
  EXPECT_TRUE(only(loadAt(4096, true, true), Check::Bounds));
  EXPECT_TRUE(only(loadAt(0, false, true), Check::Uninitialised));
  EXPECT_TRUE(only(loadAt(0, true, false), Check::Race));
  // Two lanes store to one row.
  auto storeAt = [&](bool twice) {
    return run(32, 512, [&, twice](Thread &thread) {
      uint64_t slots[5] = {16 * (twice && thread.index == 3 ? 4 : thread.index)};
      store->execute(thread, slots);
    });
  };
  EXPECT_TRUE(storeAt(false).empty());
  EXPECT_TRUE(only(storeAt(true), Check::Race));
}

TEST(MatrixMove, RefusesWhatThereIsNot) {
  EXPECT_FALSE(intrinsic("ldmatrix.sync.aligned.m16n16.x1.trans.b8.p3", 1, 2));
  EXPECT_FALSE(intrinsic("ldmatrix.sync.aligned.m8n16.x1.b8x16.b6x16_p32.p3", 1, 1));
  EXPECT_FALSE(intrinsic("stmatrix.sync.aligned.m16n8.x1.trans.b8.p3", 2, 0));
  EXPECT_FALSE(intrinsic("ldmatrix.sync.aligned.m8n8.x2.b16.p3", 1, 4));
  EXPECT_FALSE(ptx("movmatrix.sync.aligned.m8n8.b16", 1, 1));
}

} // namespace dreamer::emulator::test

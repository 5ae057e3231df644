// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/Plain.h"
#include "test/unit/EmulatorMatrix/Support.h"

namespace dreamer::emulator::test {

namespace {

uint64_t convert(const Operation &operation, uint64_t first, uint64_t second = 0) {
  uint64_t slots[3] = {first, second, ~uint64_t(0)};
  Thread thread; // conversions look at nothing but slots
  operation.execute(thread, slots);
  return slots[operation.inputs];
}

uint64_t bits(float value) { return std::bit_cast<uint32_t>(value); }

} // namespace

TEST(Conversions, Intrinsics) {
  struct Case {
    const char *name;
    std::vector<uint64_t> operands;
    uint64_t expected;
  };
  const Case cases[] = {
      {"f2f16.rn", {bits(1.0f)}, 0x3c00},
      {"f2f16.rn.relu", {bits(-1.0f)}, 0},
      {"f2f16.rz.satfinite", {bits(1e9f)}, 0x7bff},
      {"f2bf16.rn", {bits(1.00390625f)}, 0x3f80}, // half way: to even
      {"f2bf16.rz", {bits(1.99999f)}, 0x3fff},
      {"f2bf16.rn.relu.satfinite", {bits(INFINITY)}, 0x7f7f},
      {"f2h.rn", {bits(-2.0f)}, 0xc000},
      {"f2h.rn.ftz", {bits(1e-40f)}, 0},
      {"bf2h.rn", {0x3f80}, 0x3c00},
      {"ff2f16x2.rn", {bits(1.0f), bits(2.0f)}, 0x3c004000},
      {"ff2f16x2.rz.relu", {bits(-1.0f), bits(2.0f)}, 0x00004000},
      {"ff2bf16x2.rn", {bits(1.0f), bits(-2.0f)}, 0x3f80c000},
      {"f2tf32.rna", {bits(1.00048828125f)}, 0x3f802000}, // half way: away from zero
      {"f2tf32.rn", {bits(1.00048828125f)}, 0x3f800000},
      {"f2tf32.rz.relu", {bits(-3.0f)}, 0},
      {"f2tf32.rna.satfinite", {bits(INFINITY)}, 0x7f7fe000},
      {"ff.to.e4m3x2.rn", {bits(1.0f), bits(1e9f)}, 0x387e},
      {"ff.to.e5m2x2.rn.relu", {bits(-1.0f), bits(1.0f)}, 0x003c},
      {"f16x2.to.e4m3x2.rn", {0x3c00c000}, 0x38c0},
      {"f16x2.to.e5m2x2.rn.relu", {0x3c00c000}, 0x3c00},
      {"e4m3x2.to.f16x2.rn", {0x38c0}, 0x3c00c000},
      {"e5m2x2.to.f16x2.rn.relu", {0x3cbc}, 0x3c000000},
  };
  for (const Case &c : cases) {
    std::unique_ptr<Operation> operation = intrinsic(c.name, unsigned(c.operands.size()), 1);
    ASSERT_TRUE(operation) << c.name;
    EXPECT_EQ(convert(*operation, c.operands[0], c.operands.back()), c.expected) << c.name;
  }
}

TEST(Conversions, Ptx) {
  auto check = [](const char *name, std::vector<uint64_t> operands, uint64_t expected) {
    std::unique_ptr<Operation> operation = ptx(name, unsigned(operands.size()), 1);
    ASSERT_TRUE(operation) << name;
    EXPECT_EQ(convert(*operation, operands[0], operands.back()), expected) << name;
  };
  check("cvt.rn.f16x2.f32", {bits(1.0f), bits(2.0f)}, 0x3c004000);
  check("cvt.rn.satfinite.e4m3x2.f32", {bits(1.0f), bits(2.0f)}, 0x3840);
  check("cvt.rn.f16x2.e4m3x2", {0x3840}, 0x3c004000);
  check("cvt.rna.tf32.f32", {bits(1.0f)}, 0x3f800000);
  check("cvt.f32.bf16", {0x3f80}, bits(1.0f));
  check("cvt.f32.f16", {0xc000}, bits(-2.0f));
}

TEST(Conversions, RefusesWhatThereIsNot) {
  for (const char *name :
       {"f2f16.rna", "ff.to.e2m1x2.rn.satfinite", "ff2f16x2.rs", "ff.to.ue8m0x2.rz",
        "f32x4.to.e4m3x4.rs.satfinite", "ff.to.e4m3x2.rz", "f2i.rn", "d2f.rn", "f2tf32.rna.relu"})
    EXPECT_FALSE(intrinsic(name, 1, 1) || intrinsic(name, 2, 1)) << name;
  EXPECT_FALSE(ptx("cvt.rn.e4m3x2.f32", 2, 1)); // .satfinite must be written
  EXPECT_FALSE(ptx("cvt.rn.f16x2.f32", 1, 1));
}

} // namespace dreamer::emulator::test

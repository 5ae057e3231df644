// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/WarpgroupKernel.h"

#include <algorithm>
#include <random>

namespace dreamer::emulator::test {

namespace {

struct Product {
  unsigned n = 64;
  Format a = Format::F16, b = Format::F16, d = Format::F32;
  bool aInRegisters = false;
  OperandLayout layoutA{}, layoutB{};
  bool keep = true, negateA = false, negateB = false, saturate = false;
  unsigned warpgroups = 1;

  unsigned k() const { return 256 / bitsOf(a); }
  unsigned accumulators() const { return d == Format::F16 ? n / 4 : n / 2; }
  std::string name() const {
    auto typeName = [](Format format) -> std::string {
      for (const char *name :
           {"f32", "tf32", "f16", "bf16", "e4m3", "e5m2", "s8", "u8", "b1", "s32"})
        if (formatNamed(name) == format)
          return name;
      return "";
    };
    return "wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) + "k" + std::to_string(k()) +
           "." + typeName(d) + "." + typeName(a) + "." + typeName(b) +
           (a == Format::B1 ? ".and.popc" : "") + (saturate ? ".satfinite" : "");
  }
  std::vector<uint64_t> immediates() const {
    std::vector<uint64_t> all;
    if (!isInteger(a))
      all = {negateA ? uint32_t(-1) : 1u, negateB ? uint32_t(-1) : 1u};
    if (bitsOf(a) == 16) {
      if (!aInRegisters)
        all.push_back(layoutA.mnMajor);
      all.push_back(layoutB.mnMajor);
    }
    return all;
  }
  unsigned inputs() const {
    return accumulators() + (aInRegisters ? 4 : 1) + 2 + unsigned(immediates().size());
  }
};

uint32_t randomBits(Format format, std::mt19937 &random) {
  if (format == Format::S32)
    return random();
  if (isInteger(format))
    return random() & ((1u << bitsOf(format)) - 1);
  float value = std::normal_distribution<float>()(random);
  if (format == Format::F32 || format == Format::TF32)
    return std::bit_cast<uint32_t>(value);
  return encode(value, format, {Rounding::NearestEven, true});
}

uint32_t plainSum(const Product &p, uint32_t c, const uint32_t *a, const uint32_t *b) {
  unsigned k = p.k();
  if (isInteger(p.a)) {
    int64_t sum = p.keep ? int32_t(c) : 0;
    for (unsigned i = 0; i < k; ++i)
      sum += int64_t(plainValue(a[i], p.a)) * int64_t(plainValue(b[i], p.b));
    return uint32_t(p.saturate ? std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX) : sum);
  }
  float sum = p.keep ? float(plainValue(c, p.d)) : 0, sign = p.negateA != p.negateB ? -1 : 1;
  for (unsigned i = 0; i < k; ++i)
    sum = std::fma(sign * float(plainValue(a[i], p.a)), float(plainValue(b[i], p.b)), sum);
  return p.d == Format::F16 ? encode(sum, Format::F16) : std::bit_cast<uint32_t>(sum);
}

const WarpgroupCommon &common() {
  static const WarpgroupCommon one;
  return one;
}

/// Computes the product on the machine and compares.
void check(const Product &p, const LaunchOptions &options = {}) {
  SCOPED_TRACE(p.name());
  std::unique_ptr<Operation> operation = ptx(p.name(), p.inputs(), p.accumulators());
  ASSERT_TRUE(operation);
  std::mt19937 random(p.n);
  unsigned k = p.k(), bitsA = bitsOf(p.a);
  std::vector<uint32_t> a(64 * k), b(p.n * k), c(64 * p.n), expected(64 * p.n); // b by columns
  for (uint32_t &bits : a)
    bits = randomBits(p.a, random);
  for (uint32_t &bits : b)
    bits = randomBits(p.b, random);
  for (uint32_t &bits : c)
    bits = randomBits(p.d, random);
  for (unsigned m = 0; m < 64; ++m)
    for (unsigned n = 0; n < p.n; ++n)
      expected[m * p.n + n] = plainSum(p, c[m * p.n + n], &a[m * k], &b[n * k]);

  uint32_t bytesA = (p.layoutA.bytes(64) + 1023) & ~1023u;
  std::vector<std::byte> image(bytesA + p.layoutB.bytes(p.n));
  p.layoutA.fill(image.data(), 64, k, bitsA, [&](unsigned r, unsigned i) { return a[r * k + i]; });
  p.layoutB.fill(image.data() + bytesA, p.n, k, bitsA,
                 [&](unsigned r, unsigned i) { return b[r * k + i]; });
  unsigned wrong = 0, packed = p.d == Format::F16 ? 2 : 1;
  auto findings = run(
      128 * p.warpgroups, uint32_t(image.size()),
      [&](Thread &thread) {
        common().storeAll(thread, image);
        common().fence(thread);
        common().sync(thread);
        std::vector<uint64_t> slots(p.accumulators());
        for (unsigned i = 0; i < p.n / 2; ++i) {
          Place at = accumulatorPlace(thread.index, i);
          slots[i / packed] |= uint64_t(c[at.row * p.n + at.column]) << i % packed * 16;
        }
        if (p.aInRegisters) { // as mma's A: 16 rows of a warp
          unsigned elements = 32 / bitsA, first = thread.index / 32 % 4 * 16;
          for (unsigned r = 0; r < 4; ++r) {
            uint64_t word = 0;
            for (unsigned e = 0; e < elements; ++e) {
              Place at = placeInA(16, elements, thread.laneid, r, e);
              word |= uint64_t(a[(first + at.row) * k + at.column]) << e * bitsA;
            }
            slots.push_back(word);
          }
        } else {
          slots.push_back(p.layoutA.descriptor(0, 64));
        }
        slots.push_back(p.layoutB.descriptor(bytesA, p.n));
        slots.push_back(p.keep);
        for (uint64_t immediate : p.immediates())
          slots.push_back(immediate);
        slots.resize(p.inputs() + p.accumulators(), ~uint64_t(0));
        common().arrive(thread);
        operation->execute(thread, slots.data());
        common().commit(thread);
        common().wait(thread, 0);
        for (unsigned i = 0; i < p.n / 2; ++i) {
          Place at = accumulatorPlace(thread.index, i);
          uint64_t word = slots[p.inputs() + i / packed];
          auto bits = uint32_t(packed == 2 ? word >> i % 2 * 16 & 0xffff : word);
          wrong += bits != expected[at.row * p.n + at.column] || word >> 32;
        }
      },
      options);
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(findings.empty()) << text(findings);
}

} // namespace

TEST(WarpgroupMma, AllWidths) {
  for (unsigned n = 8; n <= 256; n += 8) {
    Product p;
    p.n = n;
    check(p);
  }
  for (unsigned n = 16; n <= 256; n += 16)
    for (bool small : {false, true}) {
      Product p;
      p.n = small ? 8 + 16 * (n > 128) : n; // 8, 24
      p.a = p.b = Format::S8;
      p.d = Format::S32;
      check(p);
    }
}

TEST(WarpgroupMma, AllTypes) {
  using enum Format;
  struct Types {
    Format d, a, b;
  };
  for (auto [d, a, b] : {Types{F32, F16, F16},
                         {F16, F16, F16},
                         {F32, BF16, BF16},
                         {F32, TF32, TF32},
                         {F32, E4M3, E4M3},
                         {F32, E4M3, E5M2},
                         {F32, E5M2, E4M3},
                         {F32, E5M2, E5M2},
                         {F16, E4M3, E4M3},
                         {F16, E4M3, E5M2},
                         {F16, E5M2, E4M3},
                         {F16, E5M2, E5M2},
                         {S32, S8, S8},
                         {S32, S8, U8},
                         {S32, U8, S8},
                         {S32, U8, U8},
                         {S32, B1, B1}})
    for (bool inRegisters : {false, true})
      for (bool keep : {false, true})
        for (unsigned line : {16, 32, 64, 128}) {
          Product p;
          p.n = 48;
          p.d = d, p.a = a, p.b = b;
          p.aInRegisters = inRegisters;
          p.keep = keep;
          p.layoutA.line = p.layoutB.line = line;
          check(p);
          if (d == S32 && a != B1) {
            p.saturate = true;
            check(p);
          }
        }
}

TEST(WarpgroupMma, AllLayouts) {
  std::vector<OperandLayout> layouts;
  for (bool mnMajor : {false, true})
    for (unsigned line : {16, 32, 64, 128})
      for (bool wide : {false, true})
        for (unsigned step = 0; step < (mnMajor || line == 16 ? 1 : line / 32); ++step)
          layouts.push_back({mnMajor, line, step, wide});
  for (unsigned n : {24, 128})
    for (size_t i = 0; i < layouts.size(); ++i)
      for (size_t k : {i, i + 1, i + layouts.size() / 2}) {
        Product p;
        p.n = n;
        p.layoutA = layouts[i];
        p.layoutB = layouts[k % layouts.size()];
        check(p);
        p.a = p.b = Format::BF16;
        p.aInRegisters = true;
        check(p);
      }
}

TEST(WarpgroupMma, Signs) {
  for (Format type : {Format::F16, Format::TF32, Format::E4M3})
    for (bool negateA : {false, true})
      for (bool negateB : {false, true}) {
        Product p;
        p.a = p.b = type;
        p.negateA = negateA;
        p.negateB = negateB;
        check(p);
      }
}

TEST(WarpgroupMma, AllWaysToRun) {
  for (const LaunchOptions &options : variants())
    for (unsigned warpgroups : {1, 2}) {
      Product p;
      p.n = 32;
      p.warpgroups = warpgroups;
      check(p, options);
    }
}

TEST(WarpgroupMma, RefusesWhatThereIsNot) {
  Product p;
  EXPECT_TRUE(ptx(p.name(), p.inputs(), p.accumulators()));
  EXPECT_FALSE(ptx(p.name(), p.inputs() + 1, p.accumulators()));
  EXPECT_FALSE(ptx(p.name(), p.inputs(), p.accumulators() + 1));
  EXPECT_FALSE(intrinsic(p.name(), p.inputs(), p.accumulators()));
  for (std::string name :
       {"m64n264k16.f32.f16.f16", "m64n12k16.f32.f16.f16", "m64n64k8.f32.f16.f16",
        "m32n64k16.f32.f16.f16", "m64n64k16.f16.bf16.bf16", "m64n64k32.s32.s8.s8.relu",
        "m64n40k32.s32.s8.s8", "m64n64k256.s32.b1.b1", "m64n64k16.f32.f16"})
    for (unsigned inputs = 0; inputs < 160; ++inputs)
      for (unsigned outputs : {16, 20, 32, 132})
        EXPECT_FALSE(ptx("wgmma.mma_async.sync.aligned." + name, inputs, outputs)) << name;
  EXPECT_FALSE(ptx("wgmma.mma_async.sp.sync.aligned.m64n64k32.f32.f16.f16", 39, 32));
  EXPECT_FALSE(ptx("wgmma.fence.sync", 0, 0));
}

} // namespace dreamer::emulator::test

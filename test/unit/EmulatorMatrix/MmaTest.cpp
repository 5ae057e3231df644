// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/Plain.h"
#include "test/unit/EmulatorMatrix/Support.h"

#include <random>

namespace dreamer::emulator::test {

namespace {

struct Case {
  std::string intrinsicName, ptxName;
  unsigned m, k;
  Format a, b, c, d;
  bool saturate = false;
  enum { Products, Xor, And } bits = Products;
};

std::string nameOf(Format format) {
  for (const char *name :
       {"f64", "f32", "tf32", "f16", "bf16", "e4m3", "e5m2", "s8", "u8", "s4", "u4", "b1", "s32"})
    if (formatNamed(name) == format)
      return name;
  return "";
}

/// `ends`: the types in the intrinsic's name.
Case makeCase(unsigned m, unsigned k, Format a, Format b, Format c, const std::string &ends,
              bool saturate = false) {
  std::string shape = "m" + std::to_string(m) + "n8k" + std::to_string(k) + ".row.col";
  if (saturate)
    shape += ".satfinite";
  return {"mma." + shape + "." + ends,
          "mma.sync.aligned." + shape + "." + nameOf(c) + "." + nameOf(a) + "." + nameOf(b) + "." +
              nameOf(c),
          m,
          k,
          a,
          b,
          c,
          c,
          saturate};
}

std::vector<Case> cases() {
  using enum Format;
  std::vector<Case> all;
  for (unsigned k : {8, 16})
    for (Format sum : {F16, F32})
      all.push_back(makeCase(16, k, F16, F16, sum, nameOf(sum) + "." + nameOf(sum)));
  for (unsigned k : {8, 16})
    all.push_back(makeCase(16, k, BF16, BF16, F32, "bf16"));
  for (unsigned k : {4, 8})
    all.push_back(makeCase(16, k, TF32, TF32, F32, "tf32"));
  for (unsigned k : {16, 32})
    for (Format a : {E4M3, E5M2})
      for (Format b : {E4M3, E5M2})
        for (Format sum : {F16, F32})
          all.push_back(
              makeCase(16, k, a, b, sum,
                       nameOf(sum) + "." + nameOf(a) + "." + nameOf(b) + "." + nameOf(sum)));
  auto integers = [&](unsigned m, unsigned k, Format first, Format second) {
    for (Format a : {first, second})
      for (Format b : {first, second})
        for (bool saturate : {false, true})
          all.push_back(makeCase(m, k, a, b, S32, a == b ? nameOf(a) : nameOf(a) + "." + nameOf(b),
                                 saturate));
  };
  for (auto [m, k] : {std::pair(8, 16), {16, 16}, {16, 32}})
    integers(m, k, S8, U8);
  for (auto [m, k] : {std::pair(8, 32), {16, 32}, {16, 64}})
    integers(m, k, S4, U4);
  for (auto [m, k] : {std::pair(8, 128), {16, 128}, {16, 256}})
    for (bool exclusive : {false, true}) {
      std::string op = exclusive ? "xor" : "and";
      std::string shape = "m" + std::to_string(m) + "n8k" + std::to_string(k) + ".row.col";
      all.push_back({"mma." + op + ".popc." + shape + ".b1",
                     "mma.sync.aligned." + shape + ".s32.b1.b1.s32." + op + ".popc", unsigned(m),
                     unsigned(k), B1, B1, S32, S32, false, exclusive ? Case::Xor : Case::And});
    }
  return all;
}

const PlainFragments &fragmentsOf(unsigned m, unsigned k, unsigned bits) {
  for (const PlainFragments &plain : plainFragments())
    if (plain.m == m && plain.k == k && plain.bits == bits)
      return plain;
  ADD_FAILURE() << "no such shape";
  return plainFragments().front();
}

/// Bits of elements of a matrix, row by row.
struct Matrix {
  unsigned columns;
  std::vector<uint32_t> bits;
  uint32_t &at(Place place) { return bits[place.row * columns + place.column]; }
};

Matrix randomMatrix(unsigned rows, unsigned columns, Format format, std::mt19937 &random) {
  Matrix matrix{columns, std::vector<uint32_t>(rows * columns)};
  std::normal_distribution<float> normal;
  for (uint32_t &bits : matrix.bits) {
    if (format == Format::S32)
      bits = random();
    else if (isInteger(format))
      bits = random() & ((1u << bitsOf(format)) - 1);
    else if (format == Format::F32 || format == Format::TF32)
      bits = std::bit_cast<uint32_t>(normal(random)); // a tf32 with low bits that do not count
    else if (random() % 16 == 0)
      bits = random() & ((1u << bitsOf(format)) - 1); // anything, NaN included
    else
      bits = encode(normal(random), format, {Rounding::NearestEven, true});
  }
  return matrix;
}

/// The words of a lane's registers.
std::vector<uint64_t> registers(Matrix &matrix, Place (*place)(unsigned, unsigned, unsigned),
                                unsigned lane, Format format) {
  unsigned count = unsigned(matrix.bits.size()) / 32, bits = bitsOf(format), packed = 32 / bits;
  std::vector<uint64_t> words(count / packed);
  for (unsigned i = 0; i < count; ++i)
    words[i / packed] |= uint64_t(matrix.at(place(lane / 4, lane % 4, i))) << i % packed * bits;
  return words;
}

/// D's bits, computed plainly.
uint32_t expected(const Case &test, Matrix &a, Matrix &b, Matrix &c, Place at) {
  if (isInteger(test.a)) {
    int64_t sum = int32_t(c.at(at));
    for (unsigned k = 0; k < test.k; ++k) {
      uint32_t left = a.at({at.row, k}), right = b.at({k, at.column});
      if (test.bits == Case::Products)
        sum += int64_t(plainValue(left, test.a)) * int64_t(plainValue(right, test.b));
      else
        sum += test.bits == Case::Xor ? left ^ right : left & right;
    }
    if (test.saturate)
      sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
    return uint32_t(sum);
  }
  auto sum = float(plainValue(c.at(at), test.c));
  for (unsigned k = 0; k < test.k; ++k)
    sum = std::fma(float(plainValue(a.at({at.row, k}), test.a)),
                   float(plainValue(b.at({k, at.column}), test.b)), sum);
  return test.d == Format::F16 ? encode(sum, Format::F16) : std::bit_cast<uint32_t>(sum);
}

bool sameBits(uint32_t x, uint32_t y, Format format) {
  return x == y || (!isInteger(format) && std::isnan(plainValue(x, format)) &&
                    std::isnan(plainValue(y, format)));
}

void check(const Case &test, const Operation &operation, const LaunchOptions &options,
           uint32_t seed) {
  std::mt19937 random(seed);
  Matrix a = randomMatrix(test.m, test.k, test.a, random);
  Matrix b = randomMatrix(test.k, 8, test.b, random);
  Matrix c = randomMatrix(test.m, 8, test.c, random);
  const PlainFragments &plain = fragmentsOf(test.m, test.k, bitsOf(test.a));
  unsigned wrong = 0;
  auto findings = run(
      32, 0,
      [&](Thread &thread) {
        std::vector<uint64_t> slots = registers(a, plain.a, thread.index, test.a);
        for (uint64_t word : registers(b, plain.b, thread.index, test.b))
          slots.push_back(word);
        for (uint64_t word : registers(c, plain.c, thread.index, test.c))
          slots.push_back(word);
        size_t inputs = slots.size();
        slots.resize(inputs + 4, ~uint64_t(0));
        operation.execute(thread, slots.data());
        unsigned packed = test.d == Format::F16 ? 2 : 1;
        for (unsigned i = 0; i < test.m * 8 / 32; ++i) {
          Place place = plain.c(thread.index / 4, thread.index % 4, i);
          uint64_t word = slots[inputs + i / packed];
          auto bits = uint32_t(packed == 2 ? word >> 16 * (i % 2) & 0xffff : word);
          wrong += !sameBits(bits, expected(test, a, b, c, place), test.d) || word >> 32;
        }
      },
      options);
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(findings.empty()) << text(findings);
}

std::pair<unsigned, unsigned> operandCounts(const Case &test) {
  auto words = [](unsigned elements, Format format) { return elements * bitsOf(format) / 1024; };
  return {words(test.m * test.k, test.a) + words(test.k * 8, test.b) + words(test.m * 8, test.c),
          words(test.m * 8, test.d)};
}

} // namespace

TEST(Mma, AllShapesAndTypes) {
  for (const Case &test : cases()) {
    SCOPED_TRACE(test.ptxName);
    auto [inputs, outputs] = operandCounts(test);
    std::unique_ptr<Operation> one = intrinsic(test.intrinsicName, inputs, outputs);
    std::unique_ptr<Operation> other = ptx(test.ptxName, inputs, outputs);
    ASSERT_TRUE(one) << test.intrinsicName;
    ASSERT_TRUE(other);
    for (uint32_t seed = 1; seed <= 8; ++seed)
      check(test, seed % 2 ? *one : *other, {}, seed);
  }
}

TEST(Mma, AllWaysToRun) {
  Case test = makeCase(16, 16, Format::BF16, Format::BF16, Format::F32, "bf16");
  std::unique_ptr<Operation> operation = intrinsic(test.intrinsicName, 10, 4);
  for (const LaunchOptions &options : variants())
    check(test, *operation, options, 7);
}

TEST(Mma, Doubles) {
  for (auto [m, k] : {std::pair(8u, 4u), {16u, 4u}, {16u, 8u}, {16u, 16u}}) {
    unsigned inA = m * k / 32, inB = k * 8 / 32, inC = m * 8 / 32;
    std::unique_ptr<Operation> operation =
        intrinsic("mma.m" + std::to_string(m) + "n8k" + std::to_string(k) + ".row.col.f64",
                  inA + inB + inC, inC);
    ASSERT_TRUE(operation);
    const PlainFragments &plain = fragmentsOf(m, k, 64);
    auto a = [](Place at) { return std::sin(at.row * 31 + at.column); };
    auto b = [](Place at) { return std::cos(at.row * 17 + at.column * 5); };
    auto c = [](Place at) { return std::sin(at.row + at.column * 3.5); };
    auto findings = run(32, 0, [&](Thread &thread) {
      unsigned g = thread.index / 4, t = thread.index % 4;
      uint64_t slots[20];
      for (unsigned i = 0; i < inA; ++i)
        slots[i] = std::bit_cast<uint64_t>(a(plain.a(g, t, i)));
      for (unsigned i = 0; i < inB; ++i)
        slots[inA + i] = std::bit_cast<uint64_t>(b(plain.b(g, t, i)));
      for (unsigned i = 0; i < inC; ++i)
        slots[inA + inB + i] = std::bit_cast<uint64_t>(c(plain.c(g, t, i)));
      operation->execute(thread, slots);
      for (unsigned i = 0; i < inC; ++i) {
        Place at = plain.c(g, t, i);
        double sum = c(at);
        for (unsigned kk = 0; kk < k; ++kk)
          sum = std::fma(a({at.row, kk}), b({kk, at.column}), sum);
        EXPECT_EQ(std::bit_cast<double>(slots[inA + inB + inC + i]), sum);
      }
    });
    EXPECT_TRUE(findings.empty()) << text(findings);
  }
}

// m8n8k4 of f16: four products, by the formulas of its section in the PTX ISA. Small integers, so
// that sums are exact.
TEST(Mma, Quads) {
  auto a = [](unsigned quad, unsigned row, unsigned column) {
    return float(int(quad + row * 3 + column * 5) % 7 - 3);
  };
  auto b = [](unsigned quad, unsigned row, unsigned column) {
    return float(int(quad * 2 + row * 5 + column) % 5 - 2);
  };
  auto c = [](unsigned quad, unsigned row, unsigned column) {
    return float(int(quad + row + column * 2) % 11 - 5);
  };
  for (bool aColumn : {false, true})
    for (bool bColumn : {false, true})
      for (auto [d, cType] : {std::pair("f16", "f16"), {"f32", "f16"}, {"f32", "f32"}}) {
        bool halfC = std::string_view(cType) == "f16", halfD = std::string_view(d) == "f16";
        unsigned inC = halfC ? 4 : 8;
        std::unique_ptr<Operation> operation =
            intrinsic(std::string("mma.m8n8k4.") + (aColumn ? "col." : "row.") +
                          (bColumn ? "col." : "row.") + d + "." + cType,
                      4 + inC, halfD ? 4 : 8);
        ASSERT_TRUE(operation);
        auto findings = run(32, 0, [&](Thread &thread) {
          unsigned lane = thread.index, quad = lane % 16 / 4, upper = lane < 16 ? 0 : 4;
          auto placeC = [&](bool half, unsigned i) {
            unsigned x = (lane & 1) + (i & 2);
            return half ? Place{lane % 4 + upper, i}
                        : Place{lane < 16 ? x : x + 4, (i & 4) + (lane & 2) + (i & 1)};
          };
          uint64_t slots[20] = {};
          for (unsigned i = 0; i < 4; ++i) {
            float left = aColumn ? a(quad, i + upper, lane % 4) : a(quad, lane % 4 + upper, i);
            float right = bColumn ? b(quad, i, lane % 4 + upper) : b(quad, lane % 4, i + upper);
            slots[i / 2] |= uint64_t(encode(left, Format::F16)) << 16 * (i % 2);
            slots[2 + i / 2] |= uint64_t(encode(right, Format::F16)) << 16 * (i % 2);
          }
          for (unsigned i = 0; i < 8; ++i) {
            Place at = placeC(halfC, i);
            float value = c(quad, at.row, at.column);
            if (halfC)
              slots[4 + i / 2] |= uint64_t(encode(value, Format::F16)) << 16 * (i % 2);
            else
              slots[4 + i] = std::bit_cast<uint32_t>(value);
          }
          operation->execute(thread, slots);
          for (unsigned i = 0; i < 8; ++i) {
            Place at = placeC(halfD, i);
            float sum = c(quad, at.row, at.column);
            for (unsigned k = 0; k < 4; ++k)
              sum += a(quad, at.row, k) * b(quad, k, at.column);
            uint64_t word = slots[4 + inC + (halfD ? i / 2 : i)];
            double found = halfD ? plainValue(word >> 16 * (i % 2) & 0xffff, Format::F16)
                                 : plainValue(uint32_t(word), Format::F32);
            EXPECT_EQ(found, sum);
          }
        });
        EXPECT_TRUE(findings.empty()) << text(findings);
      }
}

TEST(Mma, LanesThatAreMissing) {
  Case test = makeCase(16, 16, Format::F16, Format::F16, Format::F32, "f32.f32");
  std::unique_ptr<Operation> operation = intrinsic(test.intrinsicName, 10, 4);
  auto findings = run(32, 0, [&](Thread &thread) {
    if (thread.index == 9)
      return;
    uint64_t slots[14] = {};
    operation->execute(thread, slots);
  });
  EXPECT_TRUE(only(findings, Check::Divergence)) << text(findings);
}

TEST(Mma, RefusesWhatThereIsNot) {
  auto refused = [](const char *name, unsigned inputs, unsigned outputs) {
    return !intrinsic(name, inputs, outputs) && !ptx(name, inputs, outputs);
  };
  EXPECT_TRUE(refused("mma.m16n8k16.row.row.f32.f32", 10, 4));
  EXPECT_TRUE(refused("mma.m16n8k16.row.col.f16.f32", 10, 2));
  EXPECT_TRUE(refused("mma.m16n8k32.row.col.kind.f8f6f4.f32.e2m1.e2m1.f32", 10, 4));
  EXPECT_TRUE(refused("mma.sp.m16n8k32.row.col.f32.f32", 14, 4));
  EXPECT_TRUE(refused("mma.m8n8k16.row.col.satfinite.b1", 4, 2));
  EXPECT_TRUE(refused("mma.m8n8k128.row.col.b1", 4, 2)); // neither .xor nor .and
  EXPECT_TRUE(refused("mma.m16n8k16.row.col.f32.f32", 9, 4));
  EXPECT_TRUE(refused("mma.m16n8k999999999999.row.col.bf16", 10, 4));
  EXPECT_TRUE(refused("mma.sync.aligned.m16n8k8.row.col.f32.f32.f32.f32", 10, 4));
  EXPECT_TRUE(refused("mma.sync.aligned.m16n8k16.row.col.s32.s8.s4.s32", 7, 4));
  EXPECT_TRUE(refused("mma", 0, 0));
}

} // namespace dreamer::emulator::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/Plain.h"
#include "test/unit/EmulatorMatrix/Support.h"

#include <algorithm>
#include <random>

namespace dreamer::emulator::test {

namespace {

struct Wmma {
  unsigned m, n, k;
  Format a, c, d;
  std::string types; ///< of the product, as the intrinsic has them
  unsigned registersA, registersB, registersC, registersD;
};

std::string nameOf(Format format) {
  for (const char *name :
       {"f64", "f32", "tf32", "f16", "bf16", "s8", "u8", "s4", "u4", "b1", "s32"})
    if (formatNamed(name) == format)
      return name;
  return "";
}

/// A matrix in memory, lines of `stride` elements, and the numbers in it.
struct Stored {
  unsigned rows, columns;
  Format format;
  bool columnMajor;
  unsigned stride;
  std::vector<uint64_t> elements{}; ///< bits, by rows

  size_t bytes() const {
    return size_t(columnMajor ? columns : rows) * stride * bitsOf(format) / 8;
  }
  size_t bitOf(unsigned row, unsigned column) const {
    return size_t(columnMajor ? column * stride + row : row * stride + column) * bitsOf(format);
  }
  void fill(std::mt19937 &random) {
    std::normal_distribution<float> normal;
    for (unsigned i = 0; i < rows * columns; ++i) {
      float value = normal(random);
      uint64_t bits = random();
      if (format == Format::F64)
        bits = std::bit_cast<uint64_t>(double(value));
      else if (format == Format::F32 || format == Format::TF32)
        bits = std::bit_cast<uint32_t>(value);
      else if (!isInteger(format))
        bits = encode(value, format);
      else if (bitsOf(format) < 32)
        bits &= (1u << bitsOf(format)) - 1;
      elements.push_back(bits);
    }
  }
  uint64_t at(unsigned row, unsigned column) const { return elements[row * columns + column]; }
  void write(std::byte *memory) const {
    for (unsigned row = 0; row < rows; ++row)
      for (unsigned column = 0; column < columns; ++column) {
        size_t bit = bitOf(row, column);
        uint64_t bits = at(row, column);
        if (bitsOf(format) < 8)
          memory[bit / 8] |= std::byte(bits << bit % 8);
        else
          std::memcpy(memory + bit / 8, &bits, bitsOf(format) / 8);
      }
  }
  uint64_t read(const std::byte *memory, unsigned row, unsigned column) const {
    uint64_t bits = 0;
    std::memcpy(&bits, memory + bitOf(row, column) / 8, bitsOf(format) / 8);
    return bits;
  }
};

uint64_t plainSum(const Wmma &w, const Stored &a, const Stored &b, const Stored &c, unsigned row,
                  unsigned column, bool saturate, bool exclusive) {
  if (w.a == Format::F64) {
    auto sum = std::bit_cast<double>(c.at(row, column));
    for (unsigned k = 0; k < w.k; ++k)
      sum = std::fma(std::bit_cast<double>(a.at(row, k)), std::bit_cast<double>(b.at(k, column)),
                     sum);
    return std::bit_cast<uint64_t>(sum);
  }
  if (isInteger(w.a)) {
    int64_t sum = int32_t(c.at(row, column));
    for (unsigned k = 0; k < w.k; ++k) {
      auto x = uint32_t(a.at(row, k)), y = uint32_t(b.at(k, column));
      if (w.a == Format::B1)
        sum += exclusive ? x ^ y : x & y;
      else
        sum += int64_t(plainValue(x, w.a)) * int64_t(plainValue(y, w.a));
    }
    return uint32_t(saturate ? std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX) : sum);
  }
  auto sum = float(plainValue(uint32_t(c.at(row, column)), w.c));
  for (unsigned k = 0; k < w.k; ++k)
    sum = std::fma(float(plainValue(uint32_t(a.at(row, k)), w.a)),
                   float(plainValue(uint32_t(b.at(k, column)), w.a)), sum);
  return w.d == Format::F16 ? encode(sum, Format::F16) : std::bit_cast<uint32_t>(sum);
}

const Common &common() {
  static const Common one;
  return one;
}

struct Way {
  bool aColumn = false, bColumn = true, cColumn = false, strided = true, isPtx = false;
  bool saturate = false, exclusive = false;
};

void check(const Wmma &w, const Way &way, const LaunchOptions &options = {}) {
  unsigned more = way.strided ? 32 : 0; // elements between lines
  auto stored = [&](unsigned rows, unsigned columns, Format format, bool columnMajor) {
    unsigned line = columnMajor ? rows : columns;
    return Stored{rows, columns, format, columnMajor, line + (bitsOf(format) < 8 ? 4 : 1) * more};
  };
  Stored a = stored(w.m, w.k, w.a, way.aColumn), b = stored(w.k, w.n, w.a, way.bColumn);
  Stored c = stored(w.m, w.n, w.c, way.cColumn), d = stored(w.m, w.n, w.d, way.cColumn);
  std::mt19937 random(w.m * 64 + w.k);
  for (Stored *matrix : {&a, &b, &c})
    matrix->fill(random);
  constexpr uint32_t area = 16384;
  std::vector<std::byte> image(3 * area);
  a.write(image.data());
  b.write(image.data() + area);
  c.write(image.data() + 2 * area);

  std::string shape =
      "m" + std::to_string(w.m) + "n" + std::to_string(w.n) + "k" + std::to_string(w.k);
  auto layout = [](bool column) { return std::string(column ? "col" : "row"); };
  auto memory = [&](const char *kind, char part, bool column, Format format, unsigned registers) {
    bool store = part == 'd';
    unsigned inputs = 1 + (store ? registers : 0) + way.strided, outputs = store ? 0 : registers;
    std::string tail = layout(column);
    if (way.isPtx)
      return ptx(std::string("wmma.") + kind + "." + part + ".sync.aligned." + tail + "." + shape +
                     ".shared." + nameOf(format),
                 inputs, outputs);
    return intrinsic("wmma." + shape + "." + kind + "." + part + "." + tail +
                         (way.strided ? ".stride." : ".") + nameOf(format) + ".p3",
                     inputs, outputs);
  };
  auto loadA = memory("load", 'a', way.aColumn, w.a, w.registersA);
  auto loadB = memory("load", 'b', way.bColumn, w.a, w.registersB);
  auto loadC = memory("load", 'c', way.cColumn, w.c, w.registersC);
  auto storeD = memory("store", 'd', way.cColumn, w.d, w.registersD);
  std::string bits = way.exclusive ? ".xor.popc" : ".and.popc",
              end = way.saturate ? ".satfinite" : "";
  std::string product = "wmma." + shape + ".mma" + (w.a == Format::B1 ? bits : "") + "." +
                        layout(way.aColumn) + "." + layout(way.bColumn) + "." + w.types + end;
  auto multiply = intrinsic(product, w.registersA + w.registersB + w.registersC, w.registersD);
  ASSERT_TRUE(loadA && loadB && loadC && storeD) << shape;
  ASSERT_TRUE(multiply) << product;
  SCOPED_TRACE(product);

  auto findings = run(
      32, 4 * area,
      [&](Thread &thread) {
        common().storeAll(thread, image);
        common().sync(thread);
        uint64_t slots[40] = {};
        unsigned filled = 0;
        auto load = [&](const Operation &operation, uint32_t at, unsigned stride,
                        unsigned registers) {
          uint64_t own[12] = {at, stride};
          operation.execute(thread, own);
          std::copy_n(own + operation.inputs, registers, slots + filled);
          filled += registers;
        };
        load(*loadA, 0, a.stride, w.registersA);
        load(*loadB, area, b.stride, w.registersB);
        load(*loadC, 2 * area, c.stride, w.registersC);
        multiply->execute(thread, slots);
        uint64_t own[12] = {3 * area};
        std::copy_n(slots + filled, w.registersD, own + 1);
        own[1 + w.registersD] = d.stride;
        storeD->execute(thread, own);
        common().sync(thread);
        if (thread.index != 0)
          return;
        unsigned wrong = 0;
        for (unsigned row = 0; row < w.m; ++row)
          for (unsigned column = 0; column < w.n; ++column)
            wrong += d.read(thread.block->memory + 3 * area, row, column) !=
                     plainSum(w, a, b, c, row, column, way.saturate, way.exclusive);
        EXPECT_EQ(wrong, 0u);
      },
      options);
  EXPECT_TRUE(findings.empty()) << text(findings);
}

std::vector<Wmma> all() {
  using enum Format;
  std::vector<Wmma> all;
  for (auto [m, n] : {std::pair(16u, 16u), {32u, 8u}, {8u, 32u}}) {
    for (Format c : {F16, F32})
      for (Format d : {F16, F32})
        all.push_back({m, n, 16, F16, c, d, nameOf(d) + "." + nameOf(c), 8, 8, c == F16 ? 4u : 8u,
                       d == F16 ? 4u : 8u});
    all.push_back({m, n, 16, BF16, F32, F32, "bf16", m / 4, n / 4, 8, 8});
    for (Format a : {S8, U8})
      all.push_back({m, n, 16, a, S32, S32, nameOf(a), m / 8, n / 8, 8, 8});
  }
  all.push_back({16, 16, 8, TF32, F32, F32, "tf32", 4, 4, 8, 8});
  all.push_back({8, 8, 4, F64, F64, F64, "f64", 1, 1, 2, 2});
  for (Format a : {S4, U4})
    all.push_back({8, 8, 32, a, S32, S32, nameOf(a), 1, 1, 2, 2});
  all.push_back({8, 8, 128, B1, S32, S32, "b1", 1, 1, 2, 2});
  return all;
}

} // namespace

TEST(Wmma, AllShapesTypesAndLayouts) {
  for (const Wmma &w : all())
    for (bool aColumn : {false, true})
      for (bool bColumn : {false, true})
        for (bool cColumn : {false, true}) {
          if (bitsOf(w.a) < 8 && (aColumn || !bColumn))
            continue; // there are none
          bool strided = aColumn == bColumn || cColumn, isPtx = aColumn != cColumn;
          check(w, {aColumn, bColumn, cColumn, strided, isPtx,
                    isInteger(w.a) && w.a != Format::B1 && cColumn, cColumn});
        }
}

TEST(Wmma, AllWaysToRun) {
  for (const LaunchOptions &options : variants())
    check(all().front(), {}, options);
}

TEST(Wmma, GlobalMemory) {
  auto load = intrinsic("wmma.m16n16k16.load.c.row.f32.p1", 1, 8);
  auto store = intrinsic("wmma.m16n16k16.store.d.col.f32.p1", 9, 0);
  ASSERT_TRUE(load && store);
  std::vector<float> from(256), to(256);
  for (unsigned i = 0; i < 256; ++i)
    from[i] = float(i);
  LaunchOptions options;
  options.check = false;
  run(
      32, 0,
      [&](Thread &thread) {
        uint64_t slots[9] = {reinterpret_cast<uint64_t>(from.data())};
        load->execute(thread, slots);
        slots[0] = reinterpret_cast<uint64_t>(to.data());
        store->execute(thread, slots);
      },
      options);
  for (unsigned i = 0; i < 256; ++i)
    EXPECT_EQ(to[i % 16 * 16 + i / 16], float(i));
}

TEST(Wmma, Faults) {
  auto load = intrinsic("wmma.m16n16k16.load.a.row.stride.f16.p3", 2, 8);
  auto loadAt = [&](uint64_t at) {
    return run(32, 512, [&, at](Thread &thread) {
      uint64_t value[2] = {};
      common().store(thread, 16 * thread.index, value, 16);
      common().sync(thread);
      uint64_t slots[10] = {at, 16};
      load->execute(thread, slots);
    });
  };
  EXPECT_TRUE(loadAt(0).empty());
  EXPECT_TRUE(only(loadAt(32), Check::Bounds));
}

TEST(Wmma, RefusesWhatThereIsNot) {
  for (const char *name : {"wmma.m16n16k16.load.a.row.tf32.p3", "wmma.m16n16k8.load.a.row.f16.p3",
                           "wmma.m8n8k32.load.a.col.s4.p3", "wmma.m16n16k16.load.d.row.f32.p3",
                           "wmma.m16n16k16.load.c.f32.p3", "wmma", "wmma.m16n16k16.load.a.row"})
    for (unsigned outputs = 0; outputs < 10; ++outputs)
      EXPECT_FALSE(intrinsic(name, 1, outputs)) << name;
  EXPECT_FALSE(intrinsic("wmma.m16n16k16.mma.row.col.f32.f32.satfinite", 24, 8));
  EXPECT_FALSE(intrinsic("wmma.m16n16k16.mma.row.col.f32.f32", 23, 8));
  EXPECT_TRUE(intrinsic("wmma.m8n8k4.mma.row.col.rn.f64", 4, 2));
  EXPECT_FALSE(intrinsic("wmma.m8n8k4.mma.row.col.rz.f64", 4, 2));
}

} // namespace dreamer::emulator::test

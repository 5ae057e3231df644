// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/Plain.h"

#include <gtest/gtest.h>

#include <random>

namespace dreamer::emulator::test {

namespace {

struct Narrow {
  Format format;
  uint32_t codes;   ///< magnitudes
  unsigned padding; ///< low bits that are always 0
  unsigned bits;
};

const Narrow narrow[] = {{Format::F16, 0x8000, 0, 16},
                         {Format::BF16, 0x8000, 0, 16},
                         {Format::E4M3, 0x80, 0, 8},
                         {Format::E5M2, 0x80, 0, 8},
                         {Format::TF32, 0x40000, 13, 32}};

/// The bits of one of `narrow` with a sign.
uint32_t signedBits(const Narrow &in, uint32_t code, bool negative) {
  return (code | (negative ? in.codes : 0)) << in.padding;
}

bool sameNumber(float x, double y) {
  return std::isnan(y) ? std::isnan(x) : double(x) == y && std::signbit(x) == std::signbit(y);
}

} // namespace

TEST(Formats, DecodeAllCodes) {
  for (const Narrow &in : narrow)
    for (uint32_t code = 0; code < in.codes; ++code)
      for (bool negative : {false, true}) {
        uint32_t bits = signedBits(in, code, negative);
        ASSERT_TRUE(sameNumber(decode(bits, in.format), plainValue(bits, in.format)))
            << int(in.format) << " " << code;
      }
}

TEST(Formats, EncodeIsTheInverse) {
  for (const Narrow &in : narrow)
    for (uint32_t code = 0; code < in.codes; ++code)
      for (bool negative : {false, true})
        for (Rounding rounding : {Rounding::NearestEven, Rounding::Zero, Rounding::NearestAway}) {
          uint32_t bits = signedBits(in, code, negative);
          double value = plainValue(bits, in.format);
          if (!std::isnan(value))
            ASSERT_EQ(encode(float(value), in.format, {rounding}), bits);
        }
}

// Between any two neighbours: the middle, and the floats right below and above it.
TEST(Formats, RoundingBetweenNeighbours) {
  for (const Narrow &in : narrow)
    for (uint32_t code = 0; code + 1 < in.codes; ++code) {
      double low = plainValue(code << in.padding, in.format);
      double high = plainValue((code + 1) << in.padding, in.format);
      if (!std::isfinite(high) || !std::isfinite(low))
        continue;
      auto middle = float((low + high) / 2);
      if (double(middle) != (low + high) / 2)
        continue; // below the smallest f32
      float below = std::nextafter(middle, 0.0f), above = std::nextafter(middle, INFINITY);
      uint32_t down = code << in.padding, up = (code + 1) << in.padding;
      uint32_t even = code & 1 ? up : down;
      ASSERT_EQ(encode(middle, in.format, {Rounding::NearestEven}), even) << code;
      ASSERT_EQ(encode(middle, in.format, {Rounding::NearestAway}), up) << code;
      ASSERT_EQ(encode(middle, in.format, {Rounding::Zero}), down) << code;
      ASSERT_EQ(encode(above, in.format, {Rounding::NearestEven}), up) << code;
      ASSERT_EQ(encode(above, in.format, {Rounding::Zero}), down) << code;
      if (double(below) > low) {
        ASSERT_EQ(encode(below, in.format, {Rounding::NearestEven}), down) << code;
        ASSERT_EQ(encode(below, in.format, {Rounding::NearestAway}), down) << code;
      }
      uint32_t sign = in.codes << in.padding;
      ASSERT_EQ(encode(-middle, in.format, {Rounding::NearestAway}), up | sign) << code;
    }
}

TEST(Formats, WhatIsTooLarge) {
  const Conversion nearest, zero{Rounding::Zero}, finite{Rounding::NearestEven, true};
  EXPECT_EQ(encode(65519.0f, Format::F16, nearest), 0x7bffu);
  EXPECT_EQ(encode(65520.0f, Format::F16, nearest), 0x7c00u);
  EXPECT_EQ(encode(1e9f, Format::F16, zero), 0x7bffu);
  EXPECT_EQ(encode(INFINITY, Format::F16, zero), 0x7c00u);
  EXPECT_EQ(encode(-INFINITY, Format::F16, finite), 0xfbffu);
  EXPECT_EQ(encode(3.4e38f, Format::BF16, nearest), 0x7f80u);
  EXPECT_EQ(encode(3.4e38f, Format::BF16, finite), 0x7f7fu);
  EXPECT_EQ(encode(464.0f, Format::E4M3, finite), 0x7eu);
  EXPECT_EQ(encode(1e9f, Format::E4M3, finite), 0x7eu);
  EXPECT_EQ(encode(-1e9f, Format::E5M2, finite), 0xfbu);
  EXPECT_EQ(encode(std::numeric_limits<float>::max(), Format::TF32, {Rounding::NearestAway}),
            0x7f800000u);
  EXPECT_EQ(encode(std::numeric_limits<float>::max(), Format::TF32, {Rounding::NearestAway, true}),
            0x7f7fe000u);
}

TEST(Formats, NotANumberAndRelu) {
  EXPECT_EQ(encode(-NAN, Format::F16), 0x7fffu);
  EXPECT_EQ(encode(NAN, Format::BF16), 0x7fffu);
  EXPECT_EQ(encode(NAN, Format::TF32), 0x7fffffffu);
  EXPECT_EQ(encode(NAN, Format::E4M3, {Rounding::NearestEven, true}), 0x7fu);
  EXPECT_EQ(encode(NAN, Format::E5M2, {Rounding::NearestEven, true}), 0x7fu);
  const Conversion relu{Rounding::NearestEven, false, true};
  EXPECT_EQ(encode(-1.0f, Format::F16, relu), 0u);
  EXPECT_EQ(encode(-0.0f, Format::F16, relu), 0u);
  EXPECT_EQ(encode(1.0f, Format::F16, relu), 0x3c00u);
  EXPECT_EQ(encode(NAN, Format::F16, relu), 0x7fffu);
}

TEST(Formats, RowsAreDecodedAsSingleElements) {
  std::mt19937 random(1);
  std::vector<uint32_t> words(64);
  for (Format format : {Format::F32, Format::TF32, Format::F16, Format::BF16, Format::E4M3,
                        Format::E5M2, Format::S8, Format::U8, Format::S4, Format::U4})
    for (int round = 0; round < 100; ++round) {
      unsigned bits = bitsOf(format), perWord = 32 / bits;
      for (uint32_t &word : words)
        word = random();
      std::vector<float> floats(64 * perWord);
      std::vector<int16_t> integers(64 * perWord);
      if (isInteger(format))
        integerDecoder(format)(words.data(), 64, integers.data());
      else
        floatDecoder(format)(words.data(), 64, floats.data());
      for (unsigned i = 0; i < 64 * perWord; ++i) {
        uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
        double expected = plainValue(words[i / perWord] >> i % perWord * bits & mask, format);
        if (isInteger(format))
          ASSERT_EQ(integers[i], expected);
        else
          ASSERT_TRUE(sameNumber(floats[i], expected)) << int(format) << " " << expected;
      }
    }
}

TEST(Formats, Names) {
  EXPECT_EQ(formatNamed("tf32"), Format::TF32);
  EXPECT_EQ(formatNamed("s4"), Format::S4);
  EXPECT_FALSE(formatNamed("e2m1"));
  EXPECT_FALSE(formatNamed(""));
}

} // namespace dreamer::emulator::test

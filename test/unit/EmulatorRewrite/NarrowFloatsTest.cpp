// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/NarrowFloats.h"

#include "lib/Emulator/Machine/Formats.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

namespace dreamer::emulator {
namespace {

void *functionNamed(std::string_view name) {
  for (auto [known, address] : narrowingFunctions())
    if (name == known)
      return address;
  return nullptr;
}

template <typename Narrow, typename Wide>
uint16_t call(std::string_view name, Wide value) {
  auto function = reinterpret_cast<Narrow (*)(Wide)>(functionNamed(name));
  return std::bit_cast<uint16_t>(function(value));
}

uint16_t narrow(Format format, double value) {
  return format == Format::F16 ? call<_Float16>("__truncdfhf2", value)
                               : call<__bf16>("__truncdfbf2", value);
}

/// Around every number of the format and every place half way between two of them: what lies just
/// beside goes to the nearer one, what lies half way to the even one.
class NarrowFloats : public testing::TestWithParam<Format> {};

TEST_P(NarrowFloats, RoundOnceToNearestEven) {
  Format format = GetParam();
  uint16_t infinity = format == Format::F16 ? 0x7c00 : 0x7f80;
  unsigned wrong = 0;
  auto expect = [&](double value, uint16_t bits) {
    for (double sign : {1.0, -1.0})
      if (uint16_t found = narrow(format, sign * value);
          found != (sign < 0 ? bits | 0x8000 : bits) && wrong++ < 5)
        ADD_FAILURE() << sign * value << ": expected " << bits << ", found " << found;
  };
  for (uint16_t bits = 0; bits + 1 < infinity; ++bits) {
    double low = decode(bits, format), high = decode(bits + 1, format), middle = (low + high) / 2;
    double most = std::numeric_limits<double>::infinity();
    expect(low, bits);
    expect(middle, bits + (bits & 1));
    expect(std::nextafter(middle, 0.0), bits); // a float does not tell these from the middle
    expect(std::nextafter(middle, most), bits + 1);
    expect(std::nextafter(low, most), bits);
  }
  double last = decode(infinity - 1, format), step = last - decode(infinity - 2, format);
  expect(last, infinity - 1);
  expect(last + step / 2, infinity);
  expect(std::nextafter(last + step / 2, 0.0), infinity - 1);
  expect(1e300, infinity);
  expect(1e-300, 0);
  expect(std::numeric_limits<double>::infinity(), infinity);
  EXPECT_EQ(narrow(format, std::nan("")), 0x7fff); // PTX ISA, "cvt"
}

INSTANTIATE_TEST_SUITE_P(Formats, NarrowFloats, testing::Values(Format::F16, Format::BF16),
                         [](const auto &info) {
                           return info.param == Format::F16 ? "f16" : "bf16";
                         });

TEST(NarrowFloats, OfFloats) {
  auto round = [](float value) { return call<__bf16>("__truncsfbf2", value); };
  EXPECT_EQ(round(1.0f), 0x3f80);
  EXPECT_EQ(round(std::bit_cast<float>(0x3f808000)), 0x3f80);
  EXPECT_EQ(round(std::bit_cast<float>(0x3f818000)), 0x3f82);
  EXPECT_EQ(round(std::bit_cast<float>(0x3f808001)), 0x3f81);
  EXPECT_EQ(round(std::bit_cast<float>(0x00014000)), 0x0001); // subnormal
  EXPECT_EQ(round(std::bit_cast<float>(0x7f7fffff)), 0x7f80);
}

} // namespace
} // namespace dreamer::emulator

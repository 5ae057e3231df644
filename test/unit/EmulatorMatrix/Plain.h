// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Numbers and matrices' layouts a second time, straight from the PTX ISA and independent of the
// machine's code.

#ifndef DREAMER_TEST_UNIT_EMULATORMATRIX_PLAIN_H
#define DREAMER_TEST_UNIT_EMULATORMATRIX_PLAIN_H

#include "lib/Emulator/Machine/Formats.h"
#include "lib/Emulator/Machine/Fragments.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace dreamer::emulator::test {

/// The number that an element's bits stand for.
inline double plainValue(uint32_t bits, Format format) {
  auto small = [](int code, int mantissaBits, int bias) {
    int exponent = code >> mantissaBits, mantissa = code & ((1 << mantissaBits) - 1);
    double fraction = double(mantissa) / (1 << mantissaBits);
    return exponent == 0 ? std::ldexp(fraction, 1 - bias)
                         : std::ldexp(1 + fraction, exponent - bias);
  };
  switch (format) {
  case Format::F32:
    return std::bit_cast<float>(bits);
  case Format::TF32:
    return std::bit_cast<float>(bits & 0xffffe000);
  case Format::BF16:
    return std::bit_cast<float>(bits << 16);
  case Format::F16: {
    if ((bits & 0x7c00) == 0x7c00)
      return bits & 0x3ff ? NAN : (bits >> 15 ? -INFINITY : INFINITY);
    return small(bits & 0x7fff, 10, 15) * (bits >> 15 ? -1 : 1);
  }
  case Format::E4M3:
    return (bits & 0x7f) == 0x7f ? NAN : small(bits & 0x7f, 3, 7) * (bits >> 7 ? -1 : 1);
  case Format::E5M2:
    return plainValue(bits << 8, Format::F16);
  case Format::S8:
    return int8_t(bits);
  case Format::U8:
  case Format::U4:
  case Format::B1:
    return bits;
  case Format::S4:
    return bits & 8 ? int(bits) - 16 : int(bits);
  default:
    return int32_t(bits);
  }
}

/// Rows of a table of PTX ISA, "Matrix Fragments for mma...": where element i of a lane is.
struct PlainFragments {
  unsigned m, n, k, bits;
  Place (*a)(unsigned g, unsigned t, unsigned i);
  Place (*b)(unsigned g, unsigned t, unsigned i);
  Place (*c)(unsigned g, unsigned t, unsigned i);
};

inline const std::vector<PlainFragments> &plainFragments() {
  using U = unsigned;
  static constexpr auto c16 = [](U g, U t, U i) {
    return Place{i < 2 ? g : g + 8, 2 * t + (i & 1)};
  };
  static constexpr auto c8 = [](U g, U t, U i) { return Place{g, 2 * t + i}; };
  static const std::vector<PlainFragments> all = {
      {16, 8, 8, 16, [](U g, U t, U i) { return Place{i < 2 ? g : g + 8, 2 * t + (i & 1)}; },
       [](U g, U t, U i) { return Place{2 * t + i, g}; }, c16},
      {16, 8, 16, 16,
       [](U g, U t, U i) {
         return Place{i < 2 || (i >= 4 && i < 6) ? g : g + 8, 2 * t + (i & 1) + (i >= 4 ? 8 : 0)};
       },
       [](U g, U t, U i) { return Place{2 * t + (i & 1) + (i >= 2 ? 8 : 0), g}; }, c16},
      {16, 8, 4, 32, [](U g, U t, U i) { return Place{i == 0 ? g : g + 8, t}; },
       [](U g, U t, U) { return Place{t, g}; }, c16},
      {16, 8, 8, 32,
       [](U g, U t, U i) { return Place{i == 0 || i == 2 ? g : g + 8, i < 2 ? t : t + 4}; },
       [](U g, U t, U i) { return Place{i == 0 ? t : t + 4, g}; }, c16},
      {8, 8, 16, 8, [](U g, U t, U i) { return Place{g, 4 * t + i}; },
       [](U g, U t, U i) { return Place{4 * t + i, g}; }, c8},
      {16, 8, 16, 8, [](U g, U t, U i) { return Place{i < 4 ? g : g + 8, 4 * t + (i & 3)}; },
       [](U g, U t, U i) { return Place{4 * t + i, g}; }, c16},
      {16, 8, 32, 8,
       [](U g, U t, U i) {
         return Place{i < 4 || (i >= 8 && i < 12) ? g : g + 8, 4 * t + (i & 3) + (i >= 8 ? 16 : 0)};
       },
       [](U g, U t, U i) { return Place{4 * t + (i & 3) + (i >= 4 ? 16 : 0), g}; }, c16},
      {8, 8, 32, 4, [](U g, U t, U i) { return Place{g, 8 * t + i}; },
       [](U g, U t, U i) { return Place{8 * t + i, g}; }, c8},
      {16, 8, 32, 4, [](U g, U t, U i) { return Place{i < 8 ? g : g + 8, 8 * t + (i & 7)}; },
       [](U g, U t, U i) { return Place{8 * t + i, g}; }, c16},
      {16, 8, 64, 4,
       [](U g, U t, U i) {
         return Place{i < 8 || (i >= 16 && i < 24) ? g : g + 8,
                      8 * t + (i & 7) + (i >= 16 ? 32 : 0)};
       },
       [](U g, U t, U i) { return Place{8 * t + (i & 7) + (i >= 8 ? 32 : 0), g}; }, c16},
      {8, 8, 128, 1, [](U g, U t, U i) { return Place{g, 32 * t + i}; },
       [](U g, U t, U i) { return Place{32 * t + i, g}; }, c8},
      {16, 8, 128, 1, [](U g, U t, U i) { return Place{i < 32 ? g : g + 8, 32 * t + (i & 31)}; },
       [](U g, U t, U i) { return Place{32 * t + i, g}; }, c16},
      {16, 8, 256, 1,
       [](U g, U t, U i) {
         return Place{i < 32 || (i >= 64 && i < 96) ? g : g + 8,
                      32 * t + (i & 31) + (i >= 64 ? 128 : 0)};
       },
       [](U g, U t, U i) { return Place{32 * t + (i & 31) + (i >= 32 ? 128 : 0), g}; }, c16},
      {8, 8, 4, 64, [](U g, U t, U) { return Place{g, t}; },
       [](U g, U t, U) { return Place{t, g}; }, c8},
      {16, 8, 4, 64, [](U g, U t, U i) { return Place{i == 0 ? g : g + 8, t}; },
       [](U g, U t, U) { return Place{t, g}; }, c16},
      {16, 8, 8, 64,
       [](U g, U t, U i) { return Place{i == 0 || i == 2 ? g : g + 8, i < 2 ? t : t + 4}; },
       [](U g, U t, U i) { return Place{t + 4 * i, g}; }, c16},
      {16, 8, 16, 64,
       [](U g, U t, U i) { return Place{i % 2 ? g + 8 : g, i % 2 ? 2 * i - 2 + t : 2 * i + t}; },
       [](U g, U t, U i) { return Place{t + 4 * i, g}; }, c16},
  };
  return all;
}

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORMATRIX_PLAIN_H

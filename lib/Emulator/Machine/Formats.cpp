// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Formats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <immintrin.h>
#include <limits>
#include <utility>

namespace dreamer::emulator {

//===-- Names -----------------------------------------------------------------------------------------------------===//

std::optional<Format> formatNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, Format> names[] = {
      {"f64", Format::F64},   {"f32", Format::F32},   {"tf32", Format::TF32}, {"f16", Format::F16},
      {"bf16", Format::BF16}, {"e4m3", Format::E4M3}, {"e5m2", Format::E5M2}, {"s8", Format::S8},
      {"u8", Format::U8},     {"s4", Format::S4},     {"u4", Format::U4},     {"b1", Format::B1},
      {"s32", Format::S32}};
  for (const auto &[known, format] : names)
    if (known == name)
      return format;
  return std::nullopt;
}

unsigned bitsOf(Format format) {
  switch (format) {
  case Format::F64:
    return 64;
  case Format::F32:
  case Format::TF32:
  case Format::S32:
    return 32;
  case Format::F16:
  case Format::BF16:
    return 16;
  case Format::E4M3:
  case Format::E5M2:
  case Format::S8:
  case Format::U8:
    return 8;
  case Format::S4:
  case Format::U4:
    return 4;
  case Format::B1:
    return 1;
  }
  return 0;
}

//===-- One number ------------------------------------------------------------------------------------------------===//

namespace {

/// Where the fields of a format lie. Codes are magnitudes: the bits without the sign.
struct Layout {
  unsigned exponentBits, mantissaBits;
  unsigned padding;    ///< unused bits below
  uint32_t largest;    ///< code of the largest finite number
  bool infinite;       ///< `largest` + 1 stands for infinity
  uint32_t notANumber; ///< all bits of the canonical NaN
  int smallest() const { return 2 - (1 << (exponentBits - 1)); } ///< exponent of normal numbers
  unsigned signBit() const { return exponentBits + mantissaBits; }
};

Layout layoutOf(Format format) {
  switch (format) {
  case Format::F16:
    return {5, 10, 0, 0x7bff, true, 0x7fff};
  case Format::BF16:
    return {8, 7, 0, 0x7f7f, true, 0x7fff};
  case Format::TF32:
    return {8, 10, 13, 0x3fbff, true, 0x7fffffff};
  case Format::E4M3: // no infinity; all ones is NaN
    return {4, 3, 0, 0x7e, false, 0x7f};
  case Format::E5M2:
    return {5, 2, 0, 0x7b, true, 0x7f};
  default: // F32
    return {8, 23, 0, 0x7f7fffff, true, 0x7fffffff};
  }
}

/// `scaled`, which is not negative, as an integer.
uint64_t rounded(double scaled, Rounding rounding) {
  double whole = std::floor(scaled), rest = scaled - whole;
  uint64_t integer = uint64_t(whole);
  switch (rounding) {
  case Rounding::NearestEven:
    return integer + (rest > 0.5 || (rest == 0.5 && (integer & 1)));
  case Rounding::NearestAway:
    return integer + (rest >= 0.5);
  case Rounding::Zero:
    return integer;
  }
  return integer;
}

} // namespace

uint32_t encode(float value, Format format, Conversion how) {
  Layout layout = layoutOf(format);
  if (std::isnan(value))
    return layout.notANumber;
  bool negative = std::signbit(value);
  if (negative && how.relu)
    return 0;
  uint64_t code = layout.largest + 1;
  bool beyond = std::isinf(value);
  if (!beyond && value != 0) {
    int exponent = std::max(std::ilogb(value), layout.smallest());
    double scaled = std::ldexp(double(std::fabs(value)), int(layout.mantissaBits) - exponent);
    // Mantissas with their leading one count on from where smaller exponents end, so that rounding
    // up carries into the exponent.
    code = (uint64_t(exponent - layout.smallest()) << layout.mantissaBits) +
           rounded(scaled, how.rounding);
  } else if (value == 0) {
    code = 0;
  }
  if (code > layout.largest) {
    if (how.saturate || (how.rounding == Rounding::Zero && !beyond))
      code = layout.largest;
    else if (layout.infinite)
      code = layout.largest + 1;
    else
      return layout.notANumber;
  }
  return uint32_t(code | uint64_t(negative) << layout.signBit()) << layout.padding;
}

float decode(uint32_t bits, Format format) {
  Layout layout = layoutOf(format);
  bits >>= layout.padding;
  uint32_t code = bits & ((1u << layout.signBit()) - 1);
  float sign = bits >> layout.signBit() & 1 ? -1.0f : 1.0f;
  if (code > layout.largest)
    return layout.infinite && code == layout.largest + 1
               ? sign * std::numeric_limits<float>::infinity()
               : std::bit_cast<float>(0x7fffffff);
  uint32_t mantissa = code & ((1u << layout.mantissaBits) - 1);
  int exponent = int(code >> layout.mantissaBits);
  if (exponent > 0)
    mantissa |= 1u << layout.mantissaBits;
  return sign * std::ldexp(float(mantissa), std::max(exponent, 1) - 1 + layout.smallest() -
                                                int(layout.mantissaBits));
}

//===-- Rows of tensor cores' operands ----------------------------------------------------------------------------===//

static __m128i load(const uint32_t *elements) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i *>(elements));
}

static void decodeF32(const uint32_t *elements, unsigned words, float *values) {
  for (unsigned i = 0; i < words; i += 4)
    _mm_storeu_si128(reinterpret_cast<__m128i *>(values + i), load(elements + i));
}

static void decodeTF32(const uint32_t *elements, unsigned words, float *values) {
  __m128i mask = _mm_set1_epi32(int(0xffffe000));
  for (unsigned i = 0; i < words; i += 4)
    _mm_storeu_si128(reinterpret_cast<__m128i *>(values + i),
                     _mm_and_si128(load(elements + i), mask));
}

static void decodeF16(const uint32_t *elements, unsigned words, float *values) {
  for (unsigned i = 0; i < words; i += 4)
    _mm256_storeu_ps(values + 2 * i, _mm256_cvtph_ps(load(elements + i)));
}

static void decodeBF16(const uint32_t *elements, unsigned words, float *values) {
  for (unsigned i = 0; i < words; i += 4)
    _mm256_storeu_ps(values + 2 * i, _mm256_castsi256_ps(_mm256_slli_epi32(
                                         _mm256_cvtepu16_epi32(load(elements + i)), 16)));
}

/// An e5m2 is the upper half of an f16.
static void decodeE5M2(const uint32_t *elements, unsigned words, float *values) {
  for (unsigned i = 0; i < words; i += 4) {
    __m256i halves = _mm256_slli_epi16(_mm256_cvtepu8_epi16(load(elements + i)), 8);
    _mm256_storeu_ps(values + 4 * i, _mm256_cvtph_ps(_mm256_castsi256_si128(halves)));
    _mm256_storeu_ps(values + 4 * i + 8, _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
  }
}

/// An e4m3 becomes an f16 with an exponent that is 8 too small, subnormal numbers included.
static void decodeE4M3(const uint32_t *elements, unsigned words, float *values) {
  __m256 scale = _mm256_set1_ps(256);
  __m256i magnitude = _mm256_set1_epi16(0x7f), nan = _mm256_set1_epi16(0x7e00);
  for (unsigned i = 0; i < words; i += 4) {
    __m256i codes = _mm256_cvtepu8_epi16(load(elements + i));
    __m256i code = _mm256_and_si256(codes, magnitude);
    __m256i sign = _mm256_slli_epi16(_mm256_andnot_si256(magnitude, codes), 8);
    __m256i halves =
        _mm256_blendv_epi8(_mm256_slli_epi16(code, 7), nan, _mm256_cmpeq_epi16(code, magnitude));
    halves = _mm256_or_si256(halves, sign);
    __m256 low = _mm256_cvtph_ps(_mm256_castsi256_si128(halves));
    __m256 high = _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1));
    _mm256_storeu_ps(values + 4 * i, _mm256_mul_ps(low, scale));
    _mm256_storeu_ps(values + 4 * i + 8, _mm256_mul_ps(high, scale));
  }
}

FloatDecoder floatDecoder(Format format) {
  switch (format) {
  case Format::F32:
    return decodeF32;
  case Format::TF32:
    return decodeTF32;
  case Format::F16:
    return decodeF16;
  case Format::BF16:
    return decodeBF16;
  case Format::E4M3:
    return decodeE4M3;
  case Format::E5M2:
    return decodeE5M2;
  default:
    return nullptr;
  }
}

template <bool isSigned>
static void decodeBytes(const uint32_t *elements, unsigned words, int16_t *values) {
  for (unsigned i = 0; i < words; i += 4) {
    __m128i bytes = load(elements + i);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(values + 4 * i),
                        isSigned ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes));
  }
}

template <bool isSigned>
static void decodeNibbles(const uint32_t *elements, unsigned words, int16_t *values) {
  for (unsigned i = 0; i < words; ++i)
    for (unsigned k = 0; k < 8; ++k) {
      int nibble = elements[i] >> 4 * k & 15;
      values[8 * i + k] = int16_t(isSigned && nibble > 7 ? nibble - 16 : nibble);
    }
}

IntegerDecoder integerDecoder(Format format) {
  switch (format) {
  case Format::S8:
    return decodeBytes<true>;
  case Format::U8:
    return decodeBytes<false>;
  case Format::S4:
    return decodeNibbles<true>;
  case Format::U4:
    return decodeNibbles<false>;
  default:
    return nullptr;
  }
}

void encodeHalves(const float *values, uint16_t *halves) {
  _mm_storeu_si128(reinterpret_cast<__m128i *>(halves),
                   _mm256_cvtps_ph(_mm256_loadu_ps(values), _MM_FROUND_TO_NEAREST_INT));
}

} // namespace dreamer::emulator

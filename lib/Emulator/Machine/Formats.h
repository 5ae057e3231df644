// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The number formats of tensor cores, and how numbers get into them and out of them.

#ifndef DREAMER_EMULATOR_MACHINE_FORMATS_H
#define DREAMER_EMULATOR_MACHINE_FORMATS_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace dreamer::emulator {

/// PTX ISA 8.x, sections "Fundamental Types" and "Alternate Floating-Point Data Formats"; the last
/// five are integers. A tf32 lies in the upper 19 bits of 32.
enum class Format : uint8_t { F64, F32, TF32, F16, BF16, E4M3, E5M2, S8, U8, S4, U4, B1, S32 };

/// By its name in PTX: "tf32".
std::optional<Format> formatNamed(std::string_view name);
/// Of one element.
unsigned bitsOf(Format format);
constexpr bool isInteger(Format format) { return format >= Format::S8; }

enum class Rounding : uint8_t { NearestEven, Zero, NearestAway }; // .rn, .rz, .rna

/// How `cvt` converts to a narrower format.
struct Conversion {
  Rounding rounding = Rounding::NearestEven;
  bool saturate = false; ///< .satfinite: what is too large becomes the largest finite number
  bool relu = false;     ///< negative numbers become 0
};

/// The bits of `value` in a floating-point format of at most 32 bits. NaN becomes the format's
/// canonical one. PTX ISA 8.x, section "Data Movement and Conversion Instructions: cvt".
uint32_t encode(float value, Format format, Conversion how = {});
/// The number that these bits stand for, exactly.
float decode(uint32_t bits, Format format);

/// Decodes `words` 32-bit words full of elements, the first one in the lowest bits; `words` is a
/// multiple of four. As tensor cores read them: of a tf32 the low 13 bits do not count.
using FloatDecoder = void (*)(const uint32_t *elements, unsigned words, float *values);
using IntegerDecoder = void (*)(const uint32_t *elements, unsigned words, int16_t *values);
FloatDecoder floatDecoder(Format format);     ///< null for F64 and integers
IntegerDecoder integerDecoder(Format format); ///< null for others than S8, U8, S4, U4

/// The bits of eight numbers as F16, rounded to nearest.
void encodeHalves(const float *values, uint16_t *halves);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_FORMATS_H

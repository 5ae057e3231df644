// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Numbers for the cases: the same on every machine.

#ifndef DREAMER_TOOLS_CONFORM_VALUES_H
#define DREAMER_TOOLS_CONFORM_VALUES_H

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dreamer::conform {

/// SplitMix64.
class Random {
public:
  explicit Random(std::string_view seed);
  uint64_t next();
  uint32_t below(uint32_t limit) { return uint32_t(next() >> 32) % limit; }

private:
  uint64_t state;
};

/// A format of elements as instructions name it.
struct Element {
  std::string_view name;
  unsigned bits;
  unsigned exponent, mantissa; ///< bits; 0, 0: an integer
  bool isFloat() const { return mantissa != 0; }
};

/// "f16", "bf16", "tf32", "e4m3", "e5m2", "f32", "f64", "s8", "u8", "s4", "u4", "b1", "s32".
const Element &element(std::string_view name);

/// The bits of value * 2^scale, which must be a number of the format.
uint64_t encoded(const Element &element, int value, int scale = 0);

/// Whole numbers of which sums of any order are the same: small ones, or any bits of an integer.
uint64_t exactValue(const Element &element, Random &random);
/// Numbers of very different sizes, with all bits of the mantissa in use.
uint64_t wildValue(const Element &element, Random &random);

std::vector<uint32_t> randomWords(size_t count, Random &random);
/// Words full of exactValue; of elements of 64 bits two words each.
std::vector<uint32_t> exactWords(size_t count, const Element &element, Random &random);
/// Words full of wildValue, likewise.
std::vector<uint32_t> wildWords(size_t count, const Element &element, Random &random);
/// Words of ones here and there, one element of 16, and zeros: sums of products are single elements.
std::vector<uint32_t> sparseWords(size_t count, const Element &element, Random &random);

} // namespace dreamer::conform

#endif // DREAMER_TOOLS_CONFORM_VALUES_H

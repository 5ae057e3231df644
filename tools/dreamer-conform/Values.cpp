// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-conform/Values.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace dreamer::conform {

Random::Random(std::string_view seed) : state(0xcbf29ce484222325) {
  for (unsigned char letter : seed) // FNV-1a
    state = (state ^ letter) * 0x100000001b3;
}

uint64_t Random::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

const Element &element(std::string_view name) {
  static constexpr Element elements[] = {
      {"f16", 16, 5, 10},  {"bf16", 16, 8, 7}, {"tf32", 32, 8, 23}, {"f32", 32, 8, 23},
      {"f64", 64, 11, 52}, {"e4m3", 8, 4, 3},  {"e5m2", 8, 5, 2},   {"s8", 8, 0, 0},
      {"u8", 8, 0, 0},     {"s4", 4, 0, 0},    {"u4", 4, 0, 0},     {"b1", 1, 0, 0},
      {"s32", 32, 0, 0}};
  for (const Element &one : elements)
    if (one.name == name)
      return one;
  std::abort(); // a table names a format that is not here
}

static uint64_t masked(uint64_t value, unsigned bits) {
  return bits == 64 ? value : value & ((uint64_t(1) << bits) - 1);
}

uint64_t encoded(const Element &element, int value, int scale) {
  if (!element.isFloat())
    return masked(uint64_t(int64_t(value)), element.bits);
  if (value == 0)
    return 0;
  int exponent = 0;
  double fraction = std::frexp(std::abs(value), &exponent); // in [0.5, 1)
  uint64_t bias = (uint64_t(1) << (element.exponent - 1)) - 1;
  uint64_t mantissa = uint64_t(std::ldexp(fraction * 2 - 1, int(element.mantissa)));
  uint64_t biased = bias + uint64_t(int64_t(exponent - 1 + scale));
  return (value < 0 ? uint64_t(1) << (element.bits - 1) : 0) | biased << element.mantissa |
         mantissa;
}

uint64_t exactValue(const Element &element, Random &random) {
  if (!element.isFloat())
    return masked(random.next(), element.bits);
  return encoded(element, int(random.below(9)) - 4);
}

uint64_t wildValue(const Element &element, Random &random) {
  if (!element.isFloat())
    return masked(random.next(), element.bits);
  uint64_t bias = (uint64_t(1) << (element.exponent - 1)) - 1;
  uint64_t span = std::min<uint64_t>(bias / 2, 16);
  uint64_t exponent = bias - span + random.next() % (2 * span);
  uint64_t mantissa = masked(random.next(), element.mantissa);
  if (element.name == "tf32") // the lower 13 bits are not looked at
    mantissa &= ~uint64_t(0x1fff);
  return (random.next() & 1) << (element.bits - 1) | exponent << element.mantissa | mantissa;
}

std::vector<uint32_t> randomWords(size_t count, Random &random) {
  std::vector<uint32_t> words(count);
  for (uint32_t &word : words)
    word = uint32_t(random.next() >> 32);
  return words;
}

template <typename Value>
static std::vector<uint32_t> wordsOf(size_t count, const Element &element, Value value) {
  std::vector<uint32_t> words(count);
  for (size_t bit = 0; bit + element.bits <= 32 * count; bit += element.bits) {
    uint64_t bits = value();
    words[bit / 32] |= uint32_t(bits) << bit % 32;
    if (element.bits == 64)
      words[bit / 32 + 1] = uint32_t(bits >> 32);
  }
  return words;
}

std::vector<uint32_t> exactWords(size_t count, const Element &element, Random &random) {
  return wordsOf(count, element, [&] { return exactValue(element, random); });
}

std::vector<uint32_t> wildWords(size_t count, const Element &element, Random &random) {
  return wordsOf(count, element, [&] { return wildValue(element, random); });
}

std::vector<uint32_t> sparseWords(size_t count, const Element &element, Random &random) {
  return wordsOf(count, element,
                 [&] { return random.below(16) ? uint64_t(0) : encoded(element, 1); });
}

} // namespace dreamer::conform

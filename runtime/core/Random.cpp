// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Random.h"

#include <cmath>
#include <numbers>

namespace dreamer::runtime {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t left = uint64_t{0xD2511F53} * counter[0];
    uint64_t right = uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<uint32_t>(right >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(right),
        static_cast<uint32_t>(left >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(left)};
    key[0] += 0x9E3779B9; // golden ratio
    key[1] += 0xBB67AE85; // sqrt(3) - 1
  }
  return counter;
}

uint32_t fnv1a32(std::string_view text) {
  uint32_t hash = 0x811c9dc5;
  for (unsigned char byte : text)
    hash = (hash ^ byte) * 0x01000193;
  return hash;
}

std::array<uint32_t, 4> randomBlock(uint64_t seed, uint64_t block, uint32_t purpose,
                                    uint32_t stream) {
  return philox4x32(
      {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), purpose, stream},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
}

std::array<double, 4> normals(std::array<uint32_t, 4> words) {
  std::array<double, 4> result;
  for (int i = 0; i < 4; i += 2) {
    double u1 = (words[i] + 0.5) / 4294967296.0;
    double u2 = (words[i + 1] + 0.5) / 4294967296.0;
    double radius = std::sqrt(-2.0 * std::log(u1));
    double angle = 2.0 * std::numbers::pi * u2;
    result[i] = radius * std::cos(angle);
    result[i + 1] = radius * std::sin(angle);
  }
  return result;
}

} // namespace dreamer::runtime

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Counter-based random numbers: Philox4x32-10.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
// A number depends on (seed, index, purpose, stream) alone, not on what was drawn before.

#ifndef DREAMER_RUNTIME_CORE_RANDOM_H
#define DREAMER_RUNTIME_CORE_RANDOM_H

#include <array>
#include <cstdint>
#include <string_view>

namespace dreamer::runtime {

/// The generator itself: ten rounds on a counter of four words with a key of two.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// FNV-1a, 32 bits.
uint32_t fnv1a32(std::string_view text);

/// The words 4·block .. 4·block+3 of the sequence (seed, purpose, stream): key = seed (low, high
/// word), counter = (block low, block high, purpose, stream).
std::array<uint32_t, 4> randomBlock(uint64_t seed, uint64_t block, uint32_t purpose,
                                    uint32_t stream);

/// Four standard normals from four words, by Box and Muller on pairs: with u = (x + 0.5) / 2^32,
/// z = sqrt(-2 ln u1) · (cos, sin)(2 pi u2).
std::array<double, 4> normals(std::array<uint32_t, 4> words);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_RANDOM_H

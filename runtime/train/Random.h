// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Sequences of random numbers that depend on a seed, a purpose and a stream number alone.

#ifndef DREAMER_RUNTIME_TRAIN_RANDOM_H
#define DREAMER_RUNTIME_TRAIN_RANDOM_H

#include "dreamer-c/Runtime.h"
#include "runtime/core/Random.h"

#include <array>
#include <cstdint>

namespace dreamer::train {

/// One sequence of Philox4x32-10 words, read in order.
class RandomSequence {
public:
  RandomSequence(uint64_t seed, dreamer_purpose purpose, uint32_t stream = 0)
      : seed(seed), purpose(static_cast<uint32_t>(purpose)), stream(stream) {}

  /// The next 32 bits.
  uint32_t word() {
    if (used == 4) {
      words = runtime::randomBlock(seed, block++, purpose, stream);
      used = 0;
    }
    return words[used++];
  }

  /// An integer in 0..bound-1, bound > 0. The bias is below bound / 2^64.
  uint64_t below(uint64_t bound) {
    uint64_t high = word();
    uint64_t bits = high << 32 | word();
    return static_cast<uint64_t>((static_cast<unsigned __int128>(bits) * bound) >> 64);
  }

  /// A number in (0, 1).
  double unit() { return (word() + 0.5) / 4294967296.0; }

private:
  uint64_t seed;
  uint64_t block = 0;
  uint32_t purpose;
  uint32_t stream;
  std::array<uint32_t, 4> words = {};
  size_t used = 4;
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_RANDOM_H

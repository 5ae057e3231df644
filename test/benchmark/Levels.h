// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether one core reads from a cache and from memory at once: what bounds a decoded token, whose weights come from one
// and whose keys and values come from the other.

#ifndef DREAMER_TEST_BENCHMARK_LEVELS_H
#define DREAMER_TEST_BENCHMARK_LEVELS_H

#include <cstddef>

namespace dreamer::benchmarking {

/// Four parts that the last-level cache holds for each part from memory, alternately in runs.
struct Together {
  size_t run;   ///< bytes from memory before as many times four from the cache
  double ofSum; ///< time over that of one after the other; medians
  double
      larger; ///< that of the slower one alone, over the same: what it would be if both were read at once
};

/// Takes about a second.
Together readTogether(size_t run);

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_LEVELS_H

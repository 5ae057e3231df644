// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this machine can do at most, measured and not read off a data sheet.

#ifndef DREAMER_TEST_BENCHMARK_PEAKS_H
#define DREAMER_TEST_BENCHMARK_PEAKS_H

#include <cstddef>
#include <string>
#include <vector>

namespace dreamer::benchmarking {

/// Reading a buffer that a level of memory holds, again and again.
struct Bandwidth {
  std::string level; ///< "L1", "L2", "L3", "memory"
  size_t bytes;      ///< of the buffer of one thread
  double read;       ///< bytes/s of all threads
  double copy;       ///< bytes/s read and written
};

struct Peaks {
  double fma; ///< FLOP/s, f32, a multiply-add as two
  std::vector<Bandwidth> bandwidths;
};

/// Measures once for each number of threads: the best of several tries, about two seconds.
const Peaks &peaks(int threads);

/// Reads `bytes` bytes, a multiple of 512, as fast as vectors can.
void readMemory(const float *from, size_t bytes);

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_PEAKS_H

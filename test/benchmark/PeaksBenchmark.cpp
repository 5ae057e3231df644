// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints the peaks that the other programs hold their figures against.

#include "test/benchmark/Contest.h"
#include "test/benchmark/Levels.h"
#include "test/benchmark/Peaks.h"
#include <cstdio>

using namespace dreamer::benchmarking;

int main(int argc, char **argv) {
  parseOptions(argc, argv);
  const Peaks &measured = peaks(options().threads);
  std::printf("%d threads at once, of each the processor time\n", options().threads);
  std::printf("f32 multiply-add %.1f GFLOP/s\n", 1e-9 * measured.fma);
  std::printf("%-8s %10s %10s %10s\n", "level", "KiB", "read GB/s", "copy GB/s");
  for (const Bandwidth &b : measured.bandwidths)
    std::printf("%-8s %10zu %10.1f %10.1f\n", b.level.c_str(), b.bytes >> 10, 1e-9 * b.read,
                1e-9 * b.copy);
  std::printf("one part from memory and four from the last-level cache alternately, one thread\n");
  std::printf("%-8s %10s %s\n", "KiB", "of the sum", "the slower one alone");
  for (size_t run : {512, 1024, 2048, 8192, 65536}) {
    Together both = readTogether(run);
    std::printf("%-8.1f %10.2f %20.2f\n", static_cast<double>(run) / 1024, both.ofSum, both.larger);
  }
  return 0;
}

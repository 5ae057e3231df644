// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What this machine can do at most, measured: the yardstick of `dreamer-run bench` and of dreamer-tune.

#ifndef DREAMER_RUNTIME_MEASURE_MACHINE_H
#define DREAMER_RUNTIME_MEASURE_MACHINE_H

#include "runtime/core/Device.h"
#include "runtime/core/Manifest.h"

#include <map>
#include <string>
#include <vector>

namespace dreamer::measure {

/// How fast so many bytes can be read or copied, again and again, by all threads together: the
/// smaller the set, the nearer the cache that holds it.
struct Bandwidth {
  int64_t bytes;
  double bytesPerSecond;
};

struct Machine {
  std::string processor; ///< as the operating system calls it
  std::vector<std::string> features;
  int threads = 1;
  double flopsPerSecond = 0; ///< f32 multiply-adds in registers, counted as two
  /// The same of bf16, by "pairs" (AVX512-BF16) and "tiles" (AMX), where the machine has them.
  std::map<std::string, double> narrowFlopsPerSecond;
  std::vector<Bandwidth> bandwidths; ///< from the smallest set to the largest, which is in memory

  /// The most that a kernel can reach that touches so many bytes.
  double bandwidthFor(int64_t bytes) const;
  /// Of a kernel that multiplies `products` (runtime::LaunchSpec).
  double peakOf(const std::string &products) const;
  /// Seconds that a launch takes at least: arithmetic or memory, whichever takes longer.
  double bound(const runtime::LaunchSpec &launch) const;
};

/// Measures for about a second. The device is a processor.
Machine measureMachine(runtime::Device &device);

} // namespace dreamer::measure

#endif // DREAMER_RUNTIME_MEASURE_MACHINE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/measure/Machine.h"

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/PackageFormat.h"
#include "runtime/core/Profile.h"

#include <algorithm>
#include <fstream>

namespace dreamer::measure {
namespace {

using Wide256 = float __attribute__((vector_size(32)));
using Wide512 = float __attribute__((vector_size(64)));
using Bytes = std::vector<float>;

/// What was computed goes here, so that it is computed.
volatile float sink;

//===-- Arithmetic ---===//

/// `steps` multiply-adds in each of 12 registers, enough to hide their latency. The numbers stay
/// near 1: nothing overflows, nothing is denormal.
#define DREAMER_MULTIPLY_ADDS(NAME, TARGET, VECTOR)                                                \
  __attribute__((target(TARGET), noinline)) void NAME(int64_t steps) {                             \
    VECTOR factor = VECTOR{} + 0.999f, term = VECTOR{} + 0.001f, x[12];                            \
    for (int i = 0; i < 12; ++i)                                                                   \
      x[i] = VECTOR{} + 1.1f + 0.01f * static_cast<float>(i);                                      \
    for (int64_t step = 0; step < steps; ++step)                                                   \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; ++i) x[i] = x[i] * factor + term; \
    VECTOR sum = x[0];                                                                             \
    for (int i = 1; i < 12; ++i)                                                                   \
      sum += x[i];                                                                                 \
    sink = sum[0];                                                                                 \
  }
DREAMER_MULTIPLY_ADDS(multiplyAdds256, "avx2,fma", Wide256)
DREAMER_MULTIPLY_ADDS(multiplyAdds512, "avx512f", Wide512)
DREAMER_MULTIPLY_ADDS(multiplyAddsAny, "sse2", Wide256)
#undef DREAMER_MULTIPLY_ADDS

/// The best of some runs: other work on the machine only slows them down.
template <typename Run>
double bestSeconds(int runs, Run run) {
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    int64_t begin = runtime::nanoseconds();
    run();
    best = std::min(best, 1e-9 * static_cast<double>(runtime::nanoseconds() - begin));
  }
  return best;
}

double measureFlops(runtime::Device &device) {
  constexpr int64_t steps = 200'000; // under a millisecond: shorter than a turn of the scheduler
  bool has256 = (DREAMER_CPU_X86_64_V3 & ~runtime::cpuFeatures()) == 0;
  bool has512 = runtime::cpuFeatures() >> DREAMER_CPU_AVX512F & 1;
  auto run = has512 ? multiplyAdds512 : has256 ? multiplyAdds256 : multiplyAddsAny;
  int64_t lanes = has512 ? 16 : 8;
  double seconds = bestSeconds(50, [&] {
    device.parallelFor(device.threads(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        run(steps);
    });
  });
  return static_cast<double>(2 * 12 * lanes * steps * device.threads()) / seconds;
}

//===-- Memory ---===//

__attribute__((noinline)) void readAll(const float *from, int64_t n) {
  Wide256 sums[8] = {};
  for (int64_t i = 0; i + 64 <= n; i += 64)
    for (int j = 0; j < 8; ++j)
      sums[j] += *reinterpret_cast<const Wide256 *>(from + i + 8 * j);
  for (int j = 1; j < 8; ++j)
    sums[0] += sums[j];
  sink = sums[0][0];
}

__attribute__((noinline)) void copyAll(const float *from, float *to, int64_t n) {
  for (int64_t i = 0; i + 8 <= n; i += 8)
    *reinterpret_cast<Wide256 *>(to + i) = *reinterpret_cast<const Wide256 *>(from + i);
}

/// Bytes a second when every thread goes over its own part of `buffer` (floats) again and again.
double measureBandwidth(runtime::Device &device, float *buffer, int64_t floats) {
  int64_t threads = device.threads(), part = floats / threads / 64 * 64;
  int64_t rounds = std::max<int64_t>(1, (int64_t{1} << 20) / part);
  auto seconds = [&](bool copy) {
    return bestSeconds(part < (1 << 22) ? 25 : 3, [&] {
      device.parallelFor(threads, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          for (int64_t round = 0; round < rounds; ++round) {
            float *mine = buffer + i * part;
            if (copy) // half of the part to the other half
              copyAll(mine, mine + part / 2, part / 2);
            else
              readAll(mine, part);
          }
      });
    });
  };
  auto bytes = static_cast<double>(4 * part * threads * rounds);
  return bytes / std::min(seconds(false), seconds(true));
}

std::vector<Bandwidth> measureBandwidths(runtime::Device &device) {
  constexpr int64_t most = int64_t{256} << 20; // more than caches hold
  std::shared_ptr<std::byte> buffer = device.allocate(most);
  std::vector<Bandwidth> found;
  if (!buffer)
    return {{most, 1e10}};
  auto *floats = reinterpret_cast<float *>(buffer.get());
  std::fill(floats, floats + most / 4, 1.0f);
  for (int64_t eachThread : {int64_t{16} << 10, int64_t{128} << 10, int64_t{1} << 20})
    found.push_back({eachThread * device.threads(),
                     measureBandwidth(device, floats, eachThread * device.threads() / 4)});
  found.push_back({most, measureBandwidth(device, floats, most / 4)});
  for (size_t i = found.size() - 1; i-- > 0;) // a nearer cache is not slower: that would be noise
    found[i].bytesPerSecond = std::max(found[i].bytesPerSecond, found[i + 1].bytesPerSecond);
  return found;
}

std::string processorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown";
}

} // namespace

double Machine::bandwidthFor(int64_t bytes) const {
  for (const Bandwidth &bandwidth : bandwidths)
    if (bytes <= bandwidth.bytes)
      return bandwidth.bytesPerSecond;
  return bandwidths.back().bytesPerSecond;
}

double Machine::bound(int64_t flops, int64_t bytes) const {
  return std::max(static_cast<double>(flops) / flopsPerSecond,
                  static_cast<double>(bytes) / bandwidthFor(bytes));
}

Machine measureMachine(runtime::Device &device) {
  Machine machine;
  machine.processor = processorName();
  machine.features = runtime::cpuFeatureNames(runtime::cpuFeatures());
  machine.threads = device.threads();
  machine.flopsPerSecond = measureFlops(device);
  machine.bandwidths = measureBandwidths(device);
  return machine;
}

} // namespace dreamer::measure

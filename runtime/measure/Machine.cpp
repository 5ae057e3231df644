// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/measure/Machine.h"

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/PackageFormat.h"
#include "runtime/core/Profile.h"

#include <algorithm>
#include <fstream>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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
template <typename Vector>
__attribute__((always_inline)) inline void multiplyAdds(int64_t steps) {
  Vector factor = Vector{} + 0.999f, term = Vector{} + 0.001f, x[12];
  for (int i = 0; i < 12; ++i)
    x[i] = Vector{} + 1.1f + 0.01f * static_cast<float>(i);
  for (int64_t step = 0; step < steps; ++step)
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; ++i) x[i] = x[i] * factor + term;
  Vector sum = x[0];
  for (int i = 1; i < 12; ++i)
    sum += x[i];
  sink = sum[0];
}
__attribute__((target("avx2,fma"), noinline)) void multiplyAdds256(int64_t steps) {
  multiplyAdds<Wide256>(steps);
}
__attribute__((target("avx512f"), noinline)) void multiplyAdds512(int64_t steps) {
  multiplyAdds<Wide512>(steps);
}
__attribute__((target("sse2"), noinline)) void multiplyAddsAny(int64_t steps) {
  multiplyAdds<Wide256>(steps);
}

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

/// FLOP/s of all threads together, each of which computes `flops` in `run`.
template <typename Run>
double measureRate(runtime::Device &device, int64_t flops, Run run) {
  double seconds = bestSeconds(50, [&] {
    device.parallelFor(device.threads(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        run();
    });
  });
  return static_cast<double>(flops * device.threads()) / seconds;
}

// Under a millisecond: shorter than a turn of the scheduler.
constexpr int64_t steps = 200'000, tileSteps = 10'000;

double measureFlops(runtime::Device &device) {
  bool has256 = (DREAMER_CPU_X86_64_V3 & ~runtime::cpuFeatures()) == 0;
  bool has512 = runtime::cpuFeatures() >> DREAMER_CPU_AVX512F & 1;
  auto run = has512 ? multiplyAdds512 : has256 ? multiplyAdds256 : multiplyAddsAny;
  int64_t lanes = has512 ? 16 : 8;
  return measureRate(device, 2 * 12 * lanes * steps, [&] { run(steps); });
}

#if defined(__x86_64__)

/// `steps` dot products of pairs in each of 12 registers.
__attribute__((target("avx512f,avx512bf16"), noinline)) void multiplyPairs(int64_t steps) {
  __m512 x[12] = {};
  __m512bh one = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3f803f80));
  for (int64_t step = 0; step < steps; ++step)
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; ++i) x[i] =
        _mm512_dpbf16_ps(x[i], one, one);
  for (int i = 1; i < 12; ++i)
    x[0] = _mm512_add_ps(x[0], x[i]);
  sink = _mm512_cvtss_f32(x[0]);
}

/// `steps` products of tiles in each of four accumulators. Tiles hold zeros, which are no faster.
__attribute__((target("amx-tile,amx-bf16"), noinline)) void multiplyTiles(int64_t steps) {
  struct alignas(64) {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } shape;
  _tile_loadconfig(&shape);
  for (int64_t step = 0; step < steps; ++step) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

/// What the machine has. Tiles have not run on hardware yet.
std::map<std::string, double> measureNarrowFlops(runtime::Device &device) {
  std::map<std::string, double> found;
  auto has = [](int feature) { return (runtime::cpuFeatures() >> feature & 1) != 0; };
  if (has(DREAMER_CPU_AVX512BF16))
    found["pairs"] = measureRate(device, 2 * 12 * 32 * steps, [] { multiplyPairs(steps); });
  constexpr uint64_t tiles = uint64_t{1} << DREAMER_CPU_AMX_BF16 | uint64_t{1}
                                                                       << DREAMER_CPU_AMX_TILE;
  if (has(DREAMER_CPU_AMX_BF16) && runtime::requestCpuPermissions(tiles).ok())
    found["tiles"] =
        measureRate(device, 2 * 4 * 16 * 16 * 32 * tileSteps, [] { multiplyTiles(tileSteps); });
  return found;
}

#else

std::map<std::string, double> measureNarrowFlops(runtime::Device &) { return {}; }

#endif

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
  std::vector<int64_t> sizes;
  for (int64_t eachThread : {int64_t{16} << 10, int64_t{128} << 10, int64_t{1} << 20})
    sizes.push_back(eachThread * device.threads());
  for (int64_t shared :
       {int64_t{4} << 20, int64_t{16} << 20, most}) // the last-level cache, and memory
    if (shared > sizes.back())
      sizes.push_back(shared);
  for (int64_t bytes : sizes)
    found.push_back({bytes, measureBandwidth(device, floats, bytes / 4)});
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

double Machine::peakOf(const std::string &products) const {
  auto found = narrowFlopsPerSecond.find(products);
  return found == narrowFlopsPerSecond.end() ? flopsPerSecond : found->second;
}

double Machine::bound(const runtime::LaunchSpec &launch) const {
  return std::max(static_cast<double>(launch.flops) / peakOf(launch.products),
                  static_cast<double>(launch.bytes()) / bandwidthFor(launch.bytes()));
}

Machine measureMachine(runtime::Device &device) {
  Machine machine;
  machine.processor = processorName();
  machine.features = runtime::cpuFeatureNames(runtime::cpuFeatures());
  machine.threads = device.threads();
  machine.flopsPerSecond = measureFlops(device);
  machine.narrowFlopsPerSecond = measureNarrowFlops(device);
  machine.bandwidths = measureBandwidths(device);
  return machine;
}

} // namespace dreamer::measure

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/Peaks.h"
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <unistd.h>

namespace dreamer::benchmarking {

/// Seconds that this thread has run, whatever other processes take beside it.
static double threadSeconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Vectors of the compiler: each loop is built for AVX2 and for AVX-512, and the machine picks one.
using Vector8 = float __attribute__((vector_size(32)));
using Vector16 = float __attribute__((vector_size(64)));

/// Keeps a value alive, so that the work behind it is not left out.
static void keep(const void *value) { asm volatile("" : : "g"(value) : "memory"); }

namespace {

/// Twelve chains of multiply-adds: more than latency times units of any x86 so far.
template <typename Vector>
__attribute__((always_inline)) inline void multiplyAdd(int64_t steps) {
  constexpr int chains = 12;
  Vector sums[chains] = {}, factor = {}, term = {};
  factor += 0.999f;
  term += 0.001f;
  for (int64_t i = 0; i < steps; ++i) {
#pragma clang loop unroll(full)
    for (int j = 0; j < chains; ++j)
      sums[j] = sums[j] * factor + term;
  }
  keep(sums);
}

template <typename Vector>
__attribute__((always_inline)) inline void readAll(const float *from, size_t bytes) {
  constexpr size_t vectors = 8;
  Vector sums[vectors] = {};
  auto *at = reinterpret_cast<const Vector *>(from);
  for (size_t i = 0; i + vectors <= bytes / sizeof(Vector); i += vectors)
#pragma clang loop unroll(full)
    for (size_t j = 0; j < vectors; ++j)
      sums[j] += at[i + j];
  keep(sums);
}

} // namespace

// -ffp-contract turns product and sum into one instruction.
__attribute__((target("avx2,fma"))) static void multiplyAdd8(int64_t n) { multiplyAdd<Vector8>(n); }
__attribute__((target("avx512f"))) static void multiplyAdd16(int64_t n) {
  multiplyAdd<Vector16>(n);
}
__attribute__((target("avx2"))) static void readAll8(const float *from, size_t bytes) {
  readAll<Vector8>(from, bytes);
}
__attribute__((target("avx512f"))) static void readAll16(const float *from, size_t bytes) {
  readAll<Vector16>(from, bytes);
}

void readMemory(const float *from, size_t bytes) {
  static const bool wide = __builtin_cpu_supports("avx512f");
  (wide ? readAll16 : readAll8)(from, bytes);
}

/// Seconds that `body(thread)` takes on all threads at once: the best of several tries.
static double fastest(int threads, const std::function<void(int)> &body) {
  double best = 1e9;
  for (int tries = 0; tries < 9; ++tries) {
    std::atomic<int> ready = 0;
    std::vector<double> seconds(static_cast<size_t>(threads));
    auto work = [&](int thread) {
      ++ready;
      while (ready < threads)
        std::this_thread::yield();
      double start = threadSeconds();
      body(thread);
      seconds[static_cast<size_t>(thread)] = threadSeconds() - start;
    };
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back(work, thread);
    work(0);
    for (std::thread &other : others)
      other.join();
    best = std::min(best, *std::max_element(seconds.begin(), seconds.end()));
  }
  return best;
}

static Bandwidth measureLevel(const char *level, size_t bytes, int threads) {
  bytes = bytes / 4096 * 4096;
  std::vector<std::unique_ptr<float, decltype(&std::free)>> buffers;
  for (int i = 0; i < threads; ++i) {
    buffers.emplace_back(static_cast<float *>(std::aligned_alloc(4096, bytes)), &std::free);
    std::memset(static_cast<void *>(buffers.back().get()), 0, bytes);
  }
  size_t passes = std::max<size_t>(1, (size_t{64} << 20) / bytes);
  double amount = static_cast<double>(bytes * passes) * threads;
  double read = fastest(threads, [&](int thread) {
    for (size_t i = 0; i < passes; ++i)
      readMemory(buffers[static_cast<size_t>(thread)].get(), bytes);
  });
  double copy = fastest(threads, [&](int thread) {
    auto *buffer = reinterpret_cast<char *>(buffers[static_cast<size_t>(thread)].get());
    for (size_t i = 0; i < passes; ++i) {
      std::memcpy(buffer, buffer + bytes / 2, bytes / 2);
      keep(buffer);
    }
  });
  return {level, bytes, amount / read, amount / copy};
}

static size_t cacheSize(int name, size_t otherwise) {
  long size = sysconf(name);
  return size > 0 ? static_cast<size_t>(size) : otherwise;
}

static Peaks measure(int threads) {
  constexpr int64_t steps = 2'000'000;
  bool wide = __builtin_cpu_supports("avx512f");
  double seconds = fastest(threads, [&](int) { (wide ? multiplyAdd16 : multiplyAdd8)(steps); });
  Peaks result = {static_cast<double>(steps) * 12 * (wide ? 16 : 8) * 2 * threads / seconds, {}};
  size_t level1 = cacheSize(_SC_LEVEL1_DCACHE_SIZE, size_t{32} << 10);
  size_t level2 = cacheSize(_SC_LEVEL2_CACHE_SIZE, size_t{512} << 10);
  size_t level3 = cacheSize(_SC_LEVEL3_CACHE_SIZE, size_t{8} << 20);
  result.bandwidths = {measureLevel("L1", level1 / 2, threads),
                       measureLevel("L2", level2 / 2, threads),
                       measureLevel("L3", std::min(level3 / 4, size_t{8} << 20), threads),
                       measureLevel("memory", std::max(level3 * 4, size_t{128} << 20), threads)};
  return result;
}

const Peaks &peaks(int threads) {
  static std::map<int, Peaks> known;
  auto found = known.find(threads);
  return found != known.end() ? found->second
                              : known.emplace(threads, measure(threads)).first->second;
}

} // namespace dreamer::benchmarking

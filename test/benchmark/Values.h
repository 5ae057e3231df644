// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands of benchmarks, and whether two results agree.

#ifndef DREAMER_TEST_BENCHMARK_VALUES_H
#define DREAMER_TEST_BENCHMARK_VALUES_H

#include <cmath>
#include <cstdint>
#include <new>
#include <random>
#include <vector>

namespace dreamer::benchmarking {

/// Aligned as the runtime's memory is, so that no contender is at a disadvantage.
template <typename T>
struct Aligned {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  T *allocate(size_t n) { return static_cast<T *>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T *p, size_t) { ::operator delete(p, alignment); }
  friend bool operator==(Aligned, Aligned) { return true; }
};
using Floats = std::vector<float, Aligned<float>>;

/// Repeatable values around zero.
inline Floats randomFloats(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  Floats result(static_cast<size_t>(count));
  for (float &x : result)
    x = value(random);
  return result;
}

/// ||a - b|| / ||b||.
inline double difference(const float *a, const float *b, size_t count) {
  double off = 0, norm = 0;
  for (size_t i = 0; i < count; ++i) {
    double x = a[i], y = b[i];
    off += (x - y) * (x - y);
    norm += y * y;
  }
  return std::sqrt(off / norm);
}

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_VALUES_H

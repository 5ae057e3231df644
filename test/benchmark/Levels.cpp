// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/Levels.h"
#include "test/benchmark/Contest.h"
#include "test/benchmark/Peaks.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace dreamer::benchmarking {

namespace {

using Buffer = std::unique_ptr<float, decltype(&std::free)>;

/// Memory in large pages where the system gives them, as packages have it.
Buffer allocate(size_t bytes) {
  constexpr size_t page = size_t{2} << 20;
  Buffer buffer(static_cast<float *>(std::aligned_alloc(page, bytes)), &std::free);
  madvise(buffer.get(), bytes, MADV_HUGEPAGE);
  std::memset(static_cast<void *>(buffer.get()), 0, bytes);
  return buffer;
}

/// A buffer that is read from where the last reading ended.
class Stream {
public:
  explicit Stream(size_t bytes) : bytes(bytes), buffer(allocate(bytes)) {}
  void read(size_t count) {
    readMemory(buffer.get() + at / sizeof(float), count);
    at = (at + count) % bytes;
  }

private:
  size_t bytes, at = 0;
  Buffer buffer;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

} // namespace

Together readTogether(size_t run) {
  constexpr size_t amount = size_t{16} << 20, parts = 4;
  static Stream cache(size_t{4} << 20), memory(size_t{256} << 20);
  auto seconds = [](const std::function<void()> &work) {
    double start = now();
    work();
    return now() - start;
  };
  std::vector<double> fromCache, fromMemory, both;
  for (int round = 0; round < 15; ++round) {
    fromCache.push_back(seconds([&] {
      for (size_t i = 0; i < amount * parts; i += run)
        cache.read(run);
    }));
    fromMemory.push_back(seconds([&] {
      for (size_t i = 0; i < amount; i += run)
        memory.read(run);
    }));
    both.push_back(seconds([&] {
      for (size_t i = 0; i < amount; i += run) {
        for (size_t part = 0; part < parts; ++part)
          cache.read(run);
        memory.read(run);
      }
    }));
  }
  double sum = median(fromCache) + median(fromMemory);
  return {run, median(both) / sum, std::max(median(fromCache), median(fromMemory)) / sum};
}

} // namespace dreamer::benchmarking

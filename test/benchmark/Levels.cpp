// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/Levels.h"
#include "runtime/core/Tensor.h"
#include "test/benchmark/Contest.h"
#include "test/benchmark/Peaks.h"
#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

namespace dreamer::benchmarking {

namespace {

/// A buffer that is read from where the last reading ended.
class Stream {
public:
  explicit Stream(size_t bytes) : bytes(bytes), buffer(runtime::allocateZeroed(bytes)) {
    std::memset(buffer.get(), 0, bytes); // else all of it would be the system's one page of zeros
  }
  void read(size_t count) {
    readMemory(reinterpret_cast<const float *>(buffer.get() + at), count);
    at = (at + count) % bytes;
  }

private:
  size_t bytes, at = 0;
  std::shared_ptr<std::byte> buffer; // in large pages, as packages have it
};

} // namespace

Together readTogether(size_t run) {
  constexpr size_t amount = size_t{16} << 20, parts = 4;
  static Stream cache(size_t{4} << 20), memory(size_t{256} << 20);
  auto readCache = [&] {
    for (size_t part = 0; part < parts; ++part)
      cache.read(run);
  };
  auto repeat = [&](const std::function<void()> &read) {
    return timed("", false, [=] {
      for (size_t i = 0; i < amount; i += run)
        read();
    });
  };
  Contender cacheAlone = repeat(readCache);
  Contender memoryAlone = repeat([&] { memory.read(run); });
  Contender inTurn = repeat([&] {
    readCache();
    memory.read(run);
  });
  std::vector<double> fromCache, fromMemory, both;
  for (int round = 0; round < 15; ++round) {
    fromCache.push_back(cacheAlone.sample());
    fromMemory.push_back(memoryAlone.sample());
    both.push_back(inTurn.sample());
  }
  double sum = median(fromCache) + median(fromMemory);
  return {run, median(both) / sum, std::max(median(fromCache), median(fromMemory)) / sum};
}

} // namespace dreamer::benchmarking

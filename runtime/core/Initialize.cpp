// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Initialize.h"

#include "runtime/core/Random.h"

#include <algorithm>

namespace dreamer::runtime {

/// A collision would give two parameters the same values.
static Status checkHashes(const Manifest &manifest) {
  std::map<uint32_t, std::string_view> taken;
  for (const ParameterSpec &parameter : manifest.parameters) {
    auto [place, isNew] = taken.emplace(fnv1a32(parameter.name), parameter.name);
    if (!isNew)
      return failure(DREAMER_MISMATCH, "initial values", "parameter names with different hashes",
                     inQuotes(place->second) + " and " + inQuotes(parameter.name) +
                         " with the same FNV-1a-32",
                     "rename a block");
  }
  return {};
}

/// Elements 4·begin .. 4·end-1 of a parameter of `count` elements.
static void fillNormal(const ParameterSpec &parameter, uint64_t seed, uint32_t stream, float *out,
                       int64_t count, int64_t begin, int64_t end) {
  for (int64_t block = begin; block < end; ++block) {
    std::array<double, 4> z =
        normals(randomBlock(seed, static_cast<uint64_t>(block), DREAMER_RANDOM_INITIALIZE, stream));
    for (int64_t i = 4 * block; i < std::min(count, 4 * block + 4); ++i)
      out[i] = static_cast<float>(parameter.value * z[static_cast<size_t>(i - 4 * block)]);
  }
}

Status initializeParameters(const Manifest &manifest, uint64_t seed, std::byte *buffer,
                            const ParallelFor &parallelFor) {
  DREAMER_RETURN_IF_FAILED(checkHashes(manifest));
  for (const ParameterSpec &parameter : manifest.parameters) {
    float *out = reinterpret_cast<float *>(buffer + parameter.offset);
    int64_t count = static_cast<int64_t>(parameter.bytes() / sizeof(float));
    if (!parameter.normal) {
      std::fill_n(out, count, static_cast<float>(parameter.value));
      continue;
    }
    constexpr int64_t blocksPerTask = 4096;
    int64_t blocks = (count + 3) / 4;
    uint32_t stream = fnv1a32(parameter.name);
    parallelFor((blocks + blocksPerTask - 1) / blocksPerTask, [&](int64_t begin, int64_t end) {
      fillNormal(parameter, seed, stream, out, count, begin * blocksPerTask,
                 std::min(blocks, end * blocksPerTask));
    });
  }
  return {};
}

} // namespace dreamer::runtime

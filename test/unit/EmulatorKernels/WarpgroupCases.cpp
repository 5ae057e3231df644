// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels with wgmma.

#include "Cases.h"

namespace dreamer::emulator::test {
namespace {

/// Where A and B lie: each with k innermost (K-major) or not (MN-major).
struct Layout {
  int m, n, k;
  bool aMajorK = true, bMajorK = true;
};

std::vector<float> product(const std::vector<Half> &a, const std::vector<Half> &b,
                           const Layout &layout) {
  auto [m, n, k, aMajorK, bMajorK] = layout;
  std::vector<float> c(m * n);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j)
      for (int q = 0; q < k; ++q)
        c[i * n + j] +=
            float(a[aMajorK ? i * k + q : q * m + i]) * float(b[bMajorK ? j * k + q : q * n + j]);
  return c;
}

/// A and B as tensor maps with these boxes, and C.
void byTMA(Problem &problem, const Layout &layout, const std::vector<uint32_t> &boxA,
           const std::vector<uint32_t> &boxB, SwizzleMode swizzle) {
  Numbers numbers;
  uint64_t m = layout.m, n = layout.n, k = layout.k;
  auto a = numbers.values<Half>(m * k), b = numbers.values<Half>(n * k);
  std::byte *arrayA = problem.notArgument(problem.input(a));
  std::byte *arrayB = problem.notArgument(problem.input(b));
  auto dims = [&](uint64_t rows, bool majorK) {
    return majorK ? std::vector{k, rows} : std::vector{rows, k};
  };
  problem.map(packedMap(ElementType::F16, arrayA, dims(m, layout.aMajorK), boxA, swizzle));
  problem.map(packedMap(ElementType::F16, arrayB, dims(n, layout.bMajorK), boxB, swizzle));
  problem.output(product(a, b, layout));
}

void wgmmaNvgpu(Problem &problem) {
  byTMA(problem, {64, 64, 256, true, false}, {64, 64}, {64, 64}, SwizzleMode::Bytes128);
}

void wgmma64(Problem &problem) {
  byTMA(problem, {64, 16, 64}, {32, 64}, {32, 16}, SwizzleMode::Bytes64);
}

void wgmma32(Problem &problem) {
  byTMA(problem, {64, 16, 64}, {16, 64}, {16, 16}, SwizzleMode::Bytes32);
}

void wgmmaMNMajor(Problem &problem) {
  byTMA(problem, {64, 16, 64, false, true}, {64, 64}, {64, 16}, SwizzleMode::Bytes128);
}

void persistent(Problem &problem) {
  byTMA(problem, {256, 32, 128}, {64, 128}, {64, 16}, SwizzleMode::Bytes128);
}

void wgmmaRegisters(Problem &problem) {
  Numbers numbers;
  auto a = numbers.values<Half>(64 * 32), b = numbers.values<Half>(16 * 32);
  problem.input(a);
  problem.input(b);
  problem.output(product(a, b, {64, 16, 32}));
}

} // namespace

std::vector<KernelCase> warpgroupCases() {
  Grid oneWarpgroup{{1, 1, 1}, {128, 1, 1}};
  return {{"wgmma_nvgpu", oneWarpgroup, wgmmaNvgpu},
          {"wgmma_64b", oneWarpgroup, wgmma64, "wgmma_swizzles"},
          {"wgmma_32b", oneWarpgroup, wgmma32, "wgmma_swizzles"},
          {"wgmma_mn_major", oneWarpgroup, wgmmaMNMajor},
          {"wgmma_registers", oneWarpgroup, wgmmaRegisters},
          {"persistent_gemm", {{2, 1, 1}, {384, 1, 1}}, persistent}};
}

} // namespace dreamer::emulator::test

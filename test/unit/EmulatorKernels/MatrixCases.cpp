// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels with cp.async, ldmatrix and mma.sync.

#include "Cases.h"

namespace dreamer::emulator::test {
namespace {

/// C = A B with B as [k][n], or as [n][k] where it is transposed.
template <typename T, typename Sum>
std::vector<Sum> product(const std::vector<T> &a, const std::vector<T> &b, int m, int n, int k,
                         bool transposed) {
  std::vector<Sum> c(m * n);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j)
      for (int q = 0; q < k; ++q)
        c[i * n + j] += Sum(a[i * k + q]) * Sum(b[transposed ? j * k + q : q * n + j]);
  return c;
}

template <typename T, bool transposed>
void gemm(Problem &problem) {
  Numbers numbers;
  auto a = numbers.values<T>(64 * 64), b = numbers.values<T>(32 * 64);
  problem.input(a);
  problem.input(b);
  problem.output(product<T, float>(a, b, 64, 32, 64, transposed));
}

void gemmTF32(Problem &problem) {
  Numbers numbers;
  auto a = numbers.values<float>(32 * 24), b = numbers.values<float>(16 * 24);
  problem.input(a);
  problem.input(b);
  problem.output(product<float, float>(a, b, 32, 16, 24, true));
}

void gemmInt8(Problem &problem) {
  std::vector<int8_t> a(32 * 64), b(16 * 64);
  Numbers numbers;
  for (auto *all : {&a, &b})
    for (int8_t &one : *all)
      one = int8_t(numbers.below(256));
  problem.input(a);
  problem.input(b);
  problem.output(product<int8_t, int>(a, b, 32, 16, 64, true));
}

/// Numbers of few bits, so that sums are exact in any order.
void gemmFP8(Problem &problem) {
  std::vector<uint8_t> a(32 * 64), b(16 * 64);
  std::vector<float> av, bv;
  Numbers numbers;
  auto fill = [&](std::vector<uint8_t> &bits, std::vector<float> &values) {
    for (uint8_t &one : bits) {
      one = uint8_t(numbers.below(2) << 7 | (4 + numbers.below(5)) << 3 | numbers.below(8));
      values.push_back(valueOfE4M3(one));
    }
  };
  fill(a, av);
  fill(b, bv);
  problem.input(a);
  problem.input(b);
  problem.output(product<float, float>(av, bv, 32, 16, 64, true), 1e-5);
}

void attention(Problem &problem) {
  Numbers numbers;
  auto q = numbers.values<Half>(64 * 16), k = numbers.values<Half>(40 * 16),
       v = numbers.values<Half>(40 * 16);
  std::vector<float> out(64 * 16);
  for (int i = 0; i < 64; ++i) {
    std::vector<double> weights(40);
    double sum = 0;
    for (int j = 0; j < 40; ++j) {
      for (int d = 0; d < 16; ++d)
        weights[j] += double(q[i * 16 + d]) * double(k[j * 16 + d]) / 4;
      sum += weights[j] = std::exp(weights[j]);
    }
    for (int d = 0; d < 16; ++d)
      for (int j = 0; j < 40; ++j)
        out[i * 16 + d] += weights[j] / sum * double(v[j * 16 + d]);
  }
  problem.input(q);
  problem.input(k);
  problem.input(v);
  problem.output(out, 1e-3); // weights are rounded to f16
}

void cpAsyncTails(Problem &problem) {
  std::vector<uint8_t> bytes(1003);
  std::vector<int> words(256);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = uint8_t(i * 7 + 1);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  problem.input(bytes);
  problem.output(words);
}

} // namespace

std::vector<KernelCase> matrixCases() {
  Grid gemmGrid{{2, 2, 1}, {64, 1, 1}}, directGrid{{2, 2, 1}, {32, 1, 1}};
  return {{"gemm_f16_nt", gemmGrid, gemm<Half, true>},
          {"gemm_f16_nn", gemmGrid, gemm<Half, false>},
          {"gemm_bf16_nt", gemmGrid, gemm<BFloat, true>},
          {"gemm_tf32", directGrid, gemmTF32},
          {"gemm_int8", directGrid, gemmInt8},
          {"gemm_fp8", directGrid, gemmFP8},
          {"attention", {{2, 1, 1}, {64, 1, 1}}, attention},
          {"cp_async_tails", {{1, 1, 1}, {64, 1, 1}}, cpAsyncTails}};
}

} // namespace dreamer::emulator::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels of one block's warps: shuffles, votes, barriers.

#include "Cases.h"

#include <algorithm>

namespace dreamer::emulator::test {
namespace {

void softmax(Problem &problem) {
  std::vector<float> x(6 * 256), y(6 * 256);
  Numbers numbers;
  for (float &one : x)
    one = 4 * numbers.value();
  for (int row = 0; row < 6; ++row) {
    const float *from = &x[row * 256];
    double sum = 0, most = *std::max_element(from, from + 256);
    for (int i = 0; i < 256; ++i)
      sum += std::exp(from[i] - most);
    for (int i = 0; i < 256; ++i)
      y[row * 256 + i] = std::exp(from[i] - most) / sum;
  }
  problem.input(x);
  problem.output(y, 1e-6);
  problem.inout(std::vector<float>{0}, std::vector<float>{6}, 1e-4);
}

void blockReduce(Problem &problem) {
  std::vector<int> x(4 * 256), out;
  Numbers numbers;
  for (int &one : x)
    one = int(numbers.below(1 << 20)) - (1 << 18);
  for (int block = 0; block < 4; ++block) {
    int sum = 0, least = x[block * 256], bits = 0;
    for (int i = 0; i < 256; ++i) {
      int one = x[block * 256 + i];
      sum += one;
      least = std::min(least, one);
      bits |= one;
    }
    out.insert(out.end(), {sum, least, bits});
  }
  problem.input(x);
  problem.output(out);
}

void votes(Problem &problem) {
  std::vector<int> x(64, 4), out(7 * 64); // the second warp agrees
  Numbers numbers;
  for (int i = 0; i < 32; ++i)
    x[i] = int(numbers.below(100));
  for (int t = 0; t < 64; ++t) {
    uint32_t ballot = 0, same = 0;
    for (int lane = 0; lane < 32; ++lane) {
      int other = x[t / 32 * 32 + lane] & 3;
      ballot |= uint32_t(other == 0) << lane;
      same |= uint32_t(other == (x[t] & 3)) << lane;
    }
    int row[] = {ballot != 0, ballot == ~0u, ballot == 0 || ballot == ~0u,
                 int(ballot), int(same),     same == ~0u ? -1 : 0,
                 t % 32 == 0};
    for (int i = 0; i < 7; ++i)
      out[i * 64 + t] = row[i];
  }
  problem.input(x);
  problem.output(out);
}

/// Consumers sum what was written by the thread that mirrors them.
void ring(Problem &problem, int steps, int threads) {
  std::vector<int> x(steps * threads), sums(threads);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = int(i * 7 % 101);
  for (int step = 0; step < steps; ++step)
    for (int i = 0; i < threads; ++i)
      sums[i] += x[step * threads + threads - 1 - i];
  problem.input(x);
  problem.output(sums);
}

} // namespace

std::vector<KernelCase> warpCases() {
  return {
      {"softmax", {{6, 1, 1}, {256, 1, 1}}, softmax, "", true},
      {"block_reduce", {{4, 1, 1}, {256, 1, 1}}, blockReduce},
      {"votes", {{1, 1, 1}, {64, 1, 1}}, votes},
      {"named_barriers", {{1, 1, 1}, {128, 1, 1}}, [](Problem &problem) { ring(problem, 8, 64); }},
      {"mbarrier_ring", {{1, 1, 1}, {64, 1, 1}}, [](Problem &problem) { ring(problem, 10, 32); }}};
}

} // namespace dreamer::emulator::test

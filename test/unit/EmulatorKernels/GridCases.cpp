// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels whose blocks wait for each other, or meet in atomics.

#include "Cases.h"

namespace dreamer::emulator::test {
namespace {

std::vector<int> counting(size_t count, int factor, int modulus) {
  std::vector<int> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = int(i) * factor % modulus;
  return values;
}

void gridBarrier(Problem &problem) {
  auto x = counting(6 * 32, 13, 97);
  std::vector<int> middle(2 * x.size()), out(x.size());
  for (int b = 0; b < 6; ++b)
    for (int t = 0; t < 32; ++t) {
      middle[b * 32 + t] = 3 * x[b * 32 + t];
      middle[(6 + b) * 32 + t] = 9 * x[(b + 1) % 6 * 32 + t];
      out[b * 32 + t] = 9 * x[(b + 2) % 6 * 32 + t];
    }
  problem.input(x);
  problem.output(middle);
  problem.output(out);
  problem.inout(std::vector<int>{0}, std::vector<int>{12});
}

void streamK(Problem &problem) {
  auto x = counting(12 * 32, 7, 1001);
  std::vector<int> out(3 * 32);
  for (int row = 0; row < 12; ++row)
    for (int t = 0; t < 32; ++t)
      out[row / 4 * 32 + t] += x[row * 32 + t];
  problem.input(x);
  problem.scratch(4 * 32 * sizeof(int));
  problem.inout(std::vector<int>(4), std::vector<int>{0, 1, 1, 1});
  problem.output(out);
}

void histogram(Problem &problem) {
  std::vector<int> x(5 * 128), out(16);
  Numbers numbers;
  for (int &one : x)
    ++out[one = int(numbers.below(16))];
  problem.input(x);
  problem.inout(std::vector<int>(16), out);
}

void lookBackScan(Problem &problem) {
  auto x = counting(6 * 64, 11, 53);
  std::vector<int> out(x.size());
  int sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    out[i] = sum += x[i];
  std::vector<int64_t> states;
  for (int tile = 0; tile < 6; ++tile)
    states.push_back(int64_t(2) << 32 | out[tile * 64 + 63]);
  problem.input(x);
  problem.output(out);
  problem.inout(std::vector<int>{0}, std::vector<int>{6});
  problem.inout(std::vector<int64_t>(6), states);
}

void splitK(Problem &problem) {
  auto x = Numbers().values<float>(4 * 8 * 64);
  std::vector<float> out(64);
  for (int row = 0; row < 32; ++row)
    for (int t = 0; t < 64; ++t)
      out[t] += x[row * 64 + t];
  problem.input(x);
  problem.output(out);
  problem.inout(std::vector<int>{0}, std::vector<int>{4});
}

} // namespace

std::vector<KernelCase> gridCases() {
  return {{"grid_barrier", {{6, 1, 1}, {32, 1, 1}}, gridBarrier},
          {"stream_k", {{4, 1, 1}, {32, 1, 1}}, streamK},
          {"histogram", {{5, 1, 1}, {64, 1, 1}}, histogram},
          {"look_back_scan", {{6, 1, 1}, {64, 1, 1}}, lookBackScan},
          {"split_k", {{4, 1, 1}, {64, 1, 1}}, splitK}};
}

} // namespace dreamer::emulator::test

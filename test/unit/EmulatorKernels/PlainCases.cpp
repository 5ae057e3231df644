// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels without matrix units or asynchronous work.

#include "Cases.h"

#include <algorithm>

namespace dreamer::emulator::test {
namespace {

void tiledMatmul(Problem &problem) {
  Numbers numbers;
  auto a = numbers.values<float>(32 * 48), b = numbers.values<float>(48 * 32);
  std::vector<float> c(32 * 32);
  for (int i = 0; i < 32; ++i)
    for (int j = 0; j < 32; ++j)
      for (int k = 0; k < 48; ++k)
        c[i * 32 + j] += a[i * 48 + k] * b[k * 32 + j];
  problem.input(a);
  problem.input(b);
  problem.output(c);
}

void maskedRows(Problem &problem) {
  auto x = Numbers().values<float>(5 * 37);
  std::vector<float> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    size_t row = i / 37;
    y[i] = std::max(x[i], 0.0f) + float(row);
  }
  problem.input(x);
  problem.output(y);
}

void earlyExit(Problem &problem) {
  std::vector<int> x(128), y(128, -1);
  for (int i = 0; i < 128; ++i)
    x[i] = i * i;
  for (int i = 0; i < 64; i += 2)
    y[i] = x[i] + x[i ^ 2];
  problem.input(x);
  problem.inout(std::vector<int>(128, -1), y);
}

void localArrays(Problem &problem) {
  Numbers numbers;
  std::vector<int> x(64 * 8);
  for (int &one : x)
    one = int(numbers.below(1000)) - 500;
  std::vector<int> y = x;
  for (int i = 0; i < 64; ++i)
    std::sort(y.begin() + i * 8, y.begin() + (i + 1) * 8);
  problem.input(x);
  problem.output(y);
}

void intDivision(Problem &problem) {
  Numbers numbers;
  std::vector<int> a(64), b(64), out;
  for (int i = 0; i < 64; ++i) {
    a[i] = int(numbers.below(0x7fffffff)) - 0x3fffffff;
    b[i] = int(numbers.below(2000)) - 1000;
    b[i] += b[i] == 0;
  }
  auto add = [&](auto function) {
    for (int i = 0; i < 64; ++i)
      out.push_back(int(function(a[i], b[i])));
  };
  add([](int x, int y) { return x / y; });
  add([](int x, int y) { return x % y; });
  add([](uint32_t x, uint32_t y) { return x / y; });
  add([](uint32_t x, uint32_t y) { return x % y; });
  add([](int64_t x, int64_t y) { return x * 128 / y; });
  add([](int64_t x, int64_t y) { return x * 128 % y; });
  problem.input(a);
  problem.input(b);
  problem.output(out);
}

void f64Dot(Problem &problem) {
  Numbers numbers;
  auto a = numbers.values<double>(256), b = numbers.values<double>(256);
  double sum = 0;
  for (int i = 0; i < 256; ++i)
    sum += a[i] * b[i];
  problem.input(a);
  problem.input(b);
  problem.output(std::vector<double>{sum}, 1e-12);
}

} // namespace

std::vector<KernelCase> plainCases() {
  return {{"tiled_matmul", {{2, 2, 1}, {16, 16, 1}}, tiledMatmul},
          {"masked_rows", {{3, 2, 1}, {16, 4, 1}}, maskedRows},
          {"early_exit", {{1, 1, 1}, {128, 1, 1}}, earlyExit},
          {"local_arrays", {{1, 1, 1}, {64, 1, 1}}, localArrays},
          {"int_division", {{1, 1, 1}, {64, 1, 1}}, intDivision},
          {"f64_dot", {{1, 1, 1}, {64, 1, 1}}, f64Dot}};
}

} // namespace dreamer::emulator::test

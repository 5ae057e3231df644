// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels that move tiles by TMA.

#include "Cases.h"

#include <array>

namespace dreamer::emulator::test {
namespace {

/// A tensor with a number of its own in each element, and the tile at `begin`, zero outside.
struct Tensor {
  std::vector<uint64_t> dims;
  std::vector<uint32_t> box;
  std::vector<float> values;

  Tensor(std::vector<uint64_t> sizes, std::vector<uint32_t> box)
      : dims(std::move(sizes)), box(std::move(box)) {
    size_t count = 1;
    for (uint64_t dim : dims)
      count *= dim;
    for (size_t i = 0; i < count; ++i)
      values.push_back(float(i + 1));
  }

  void tile(const std::vector<int> &begin, std::vector<float> &out) const {
    size_t count = 1;
    for (uint32_t size : box)
      count *= size;
    for (size_t i = 0; i < count; ++i) {
      size_t rest = i, at = 0, stride = 1;
      bool inside = true;
      for (size_t d = 0; d < dims.size(); ++d) {
        int64_t place = int64_t(rest % box[d]) + begin[d];
        rest /= box[d];
        inside &= place >= 0 && place < int64_t(dims[d]);
        at += place * stride;
        stride *= dims[d];
      }
      out.push_back(inside ? values[at] : 0);
    }
  }
};

void edges(Problem &problem, const Tensor &tensor, const std::vector<std::vector<int>> &begins) {
  std::byte *array = problem.notArgument(problem.input(tensor.values));
  std::vector<float> out;
  for (const std::vector<int> &begin : begins)
    tensor.tile(begin, out);
  problem.map(packedMap(ElementType::F32, array, tensor.dims, tensor.box));
  problem.output(out);
}

void tma1d(Problem &problem) { edges(problem, {{100}, {64}}, {{-20}, {28}, {76}}); }

void tma2d(Problem &problem) {
  std::vector<std::vector<int>> begins;
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 3; ++x)
      begins.push_back({x * 10 - 5, y * 6 - 3});
  edges(problem, {{20, 12}, {16, 8}}, begins);
}

void tma3d(Problem &problem) {
  std::vector<std::vector<int>> begins;
  for (int z = 0; z < 3; ++z)
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 3; ++x)
        begins.push_back({x * 4 - 2, y * 3 - 1, z * 2 - 1});
  edges(problem, {{8, 6, 5}, {4, 4, 2}}, begins);
}

void tma5d(Problem &problem) {
  std::vector<std::vector<int>> begins;
  for (int b = 0; b < 3; ++b)
    begins.push_back({2 * b - 2, b - 1, 1 - b, b - 1, 1 - b});
  edges(problem, {{4, 3, 3, 2, 2}, {4, 2, 2, 2, 2}}, begins);
}

void tmaReduce(Problem &problem) {
  std::vector<float> out(20 * 12, 1), sums = out;
  auto x = Numbers().values<float>(4 * 128);
  for (int b = 0; b < 4; ++b)
    for (int row = 0; row < 8; ++row)
      for (int col = 0; col < 16; ++col)
        if (int r = row + b / 2 * 6, c = col + b % 2 * 8; r < 12 && c < 20)
          sums[r * 20 + c] += x[b * 128 + row * 16 + col];
  std::byte *array = problem.notArgument(problem.inout(out, sums));
  problem.map(packedMap(ElementType::F32, array, {20, 12}, {16, 8}));
  problem.input(x);
}

void stmatrixStore(Problem &problem) {
  auto x = Numbers().values<Half>(32 * 32);
  std::byte *array =
      problem.notArgument(problem.output(std::vector<Half>(x.begin(), x.begin() + 24 * 32)));
  problem.map(packedMap(ElementType::F16, array, {32, 24}, {32, 32}, SwizzleMode::Bytes64));
  problem.input(x);
}

} // namespace

std::vector<KernelCase> tensorCases() {
  return {{"tma_1d", {{3, 1, 1}, {64, 1, 1}}, tma1d, "tma_edges"},
          {"tma_2d", {{3, 3, 1}, {64, 1, 1}}, tma2d, "tma_edges"},
          {"tma_3d", {{3, 3, 3}, {64, 1, 1}}, tma3d, "tma_edges"},
          {"tma_5d", {{3, 1, 1}, {64, 1, 1}}, tma5d, "tma_edges"},
          {"tma_reduce", {{4, 1, 1}, {128, 1, 1}}, tmaReduce},
          {"stmatrix_store", {{1, 1, 1}, {64, 1, 1}}, stmatrixStore}};
}

} // namespace dreamer::emulator::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels of clusters: multicast, each other's shared memory and mbarriers.

#include "Cases.h"

namespace dreamer::emulator::test {
namespace {

template <int blocks>
void multicast(Problem &problem) {
  auto x = Numbers().values<float>(2 * blocks * 32);
  std::vector<float> out;
  for (int b = 0; b < 2 * blocks; ++b) {
    auto begin = x.begin() + b / blocks * blocks * 32;
    out.insert(out.end(), begin, begin + blocks * 32);
  }
  std::byte *array = problem.notArgument(problem.input(x));
  problem.map(packedMap(ElementType::F32, array, {32, 2 * blocks}, {32, 1}));
  problem.output(out);
}

std::vector<int> numbersBelow(int limit, int count) {
  std::vector<int> values(count);
  Numbers numbers;
  for (int &one : values)
    one = int(numbers.below(limit));
  return values;
}

void dsmemReduce(Problem &problem) {
  std::vector<int> x = numbersBelow(1000, 8 * 64), out(2 * 64);
  for (int b = 0; b < 8; ++b)
    for (int t = 0; t < 64; ++t)
      out[b / 4 * 64 + t] += x[b * 64 + t];
  problem.input(x);
  problem.output(out);
}

void remoteArrive(Problem &problem) {
  std::vector<int> x = numbersBelow(1000, 8 * 32), out(2 * 32);
  for (int b = 0; b < 8; ++b)
    for (int t = 0; t < 32; ++t)
      out[b / 4 * 32 + t] += x[b * 32 + 31 - t];
  problem.input(x);
  problem.output(out);
}

} // namespace

std::vector<KernelCase> clusterCases() {
  return {{"multicast_2", {{4, 1, 1}, {32, 1, 1}, {2, 1, 1}}, multicast<2>, "multicast"},
          {"multicast_4", {{8, 1, 1}, {32, 1, 1}, {4, 1, 1}}, multicast<4>, "multicast"},
          {"dsmem_reduce", {{8, 1, 1}, {64, 1, 1}, {4, 1, 1}}, dsmemReduce},
          {"remote_arrive", {{8, 1, 1}, {32, 1, 1}, {4, 1, 1}}, remoteArrive}};
}

} // namespace dreamer::emulator::test

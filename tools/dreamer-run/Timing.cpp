// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Timing.h"

#include <algorithm>

namespace dreamer::run {

static double medianOf(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double EntryTiming::kernelSeconds() const {
  double sum = 0;
  for (const KernelTiming &kernel : kernels)
    sum += kernel.seconds;
  return sum;
}

double EntryTiming::bound() const {
  double sum = 0;
  for (const KernelTiming &kernel : kernels)
    sum += kernel.bound;
  return sum;
}

void LaunchTimes::beginEntry(size_t, int64_t time) {
  begin = time;
  counts.assign(launches.size(), 0);
  between.push_back(0);
  ++runs;
}

void LaunchTimes::launched(const runtime::LaunchRecord &record) {
  auto id = static_cast<size_t>(record.id);
  bool known = id < launches.size(); // -1 is not
  std::vector<double> &kernel = seconds[known ? launches[id].kernel : "unknown"];
  kernel.resize(runs);
  double taken = 1e-9 * static_cast<double>(record.end - record.begin);
  kernel.back() += taken;
  between.back() -= taken;
  if (known)
    ++counts[id];
}

void LaunchTimes::endEntry(size_t, int64_t time) {
  between.back() += 1e-9 * static_cast<double>(time - begin);
}

void LaunchTimes::summarize(const Machine &machine, EntryTiming &timing) const {
  std::map<std::string, KernelTiming> kernels;
  for (const auto &[kernel, times] : seconds) {
    kernels[kernel].kernel = kernel;
    kernels[kernel].seconds = medianOf(times);
  }
  for (size_t id = 0; id < counts.size(); ++id) {
    const runtime::LaunchSpec &launch = launches[id];
    auto found = kernels.find(launch.kernel);
    if (found == kernels.end())
      continue;
    KernelTiming &kernel = found->second;
    kernel.operation = launch.operation;
    kernel.products = launch.products;
    kernel.launches += counts[id];
    kernel.flops += counts[id] * launch.flops;
    kernel.bytes += counts[id] * launch.bytes();
    kernel.bound += static_cast<double>(counts[id]) * machine.bound(launch);
  }
  for (auto &[name, kernel] : kernels)
    timing.kernels.push_back(std::move(kernel));
  std::sort(timing.kernels.begin(), timing.kernels.end(),
            [](const KernelTiming &a, const KernelTiming &b) {
              return std::pair(-a.seconds, a.kernel) < std::pair(-b.seconds, b.kernel);
            });
  timing.betweenKernels = medianOf(between);
}

} // namespace dreamer::run

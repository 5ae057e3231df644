// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What `dreamer-run bench` prints.

#include "Common.h"
#include "Timing.h"
#include "runtime/train/Log.h"

namespace dreamer::run {

using train::formatFixed;

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

/// Bytes a second that a kernel would reach at its launches' levels of memory, in the mean.
static double shareOfBandwidth(const KernelTiming &kernel, const Machine &machine) {
  int64_t each = kernel.launches ? kernel.bytes / kernel.launches : 0;
  return ratio(ratio(static_cast<double>(kernel.bytes), kernel.seconds),
               machine.bandwidthFor(each));
}

static std::string percent(double share) { return formatFixed(100 * share, 1); }

static std::vector<std::string> rowOf(const KernelTiming &kernel, const EntryTiming &timing,
                                      const Machine &machine) {
  double flops = ratio(static_cast<double>(kernel.flops), kernel.seconds);
  return {kernel.kernel,
          text(kernel.launches),
          formatFixed(1e3 * kernel.seconds, 3),
          percent(ratio(kernel.seconds, timing.kernelSeconds() + timing.betweenKernels)),
          formatFixed(1e-9 * flops, 1),
          percent(flops / machine.peakOf(kernel.products)),
          formatFixed(1e-9 * ratio(static_cast<double>(kernel.bytes), kernel.seconds), 1),
          percent(shareOfBandwidth(kernel, machine)),
          formatFixed(1e3 * kernel.bound, 3),
          formatFixed(ratio(kernel.seconds, kernel.bound), 2)};
}

static std::string tableOf(const EntryTiming &timing, const Machine &machine) {
  std::vector<std::vector<std::string>> rows = {{"kernel", "launches", "ms", "%", "GFLOP/s",
                                                 "% peak", "GB/s", "% peak", "bound ms",
                                                 "ms/bound"}};
  for (const KernelTiming &kernel : timing.kernels)
    rows.push_back(rowOf(kernel, timing, machine));
  rows.push_back(
      {"between kernels", "", formatFixed(1e3 * timing.betweenKernels, 3),
       percent(ratio(timing.betweenKernels, timing.kernelSeconds() + timing.betweenKernels))});
  return text("\n", timing.entry, ", ", timing.seconds.size(), " runs\n") + formatTable(rows) +
         text(timing.entry, " ", formatFixed(1e3 * timing.median(), 3), " ms (",
              formatFixed(1e3 * timing.seconds.front(), 3), " to ",
              formatFixed(1e3 * timing.seconds.back(), 3), "), sum of rooflines ",
              formatFixed(1e3 * timing.bound(), 3), " ms, ratio ",
              formatFixed(ratio(timing.median(), timing.bound()), 2), ", ",
              train::formatCount(ratio(static_cast<double>(timing.tokens), timing.median())),
              " tokens/s\n");
}

std::string BenchReport::asTable() const {
  std::string out = text(model, " on ", device, ", ", variant, ", ", machine.threads, " threads\n",
                         machine.processor, "\nf32 peak ",
                         formatFixed(1e-9 * machine.flopsPerSecond, 1), " GFLOP/s");
  for (const auto &[products, rate] : machine.narrowFlopsPerSecond)
    out += text(", bf16 in ", products, " ", formatFixed(1e-9 * rate, 1), " GFLOP/s");
  out += "; bandwidth";
  const char *separator = " ";
  for (const Bandwidth &bandwidth : machine.bandwidths) {
    out += text(separator, formatFixed(1e-9 * bandwidth.bytesPerSecond, 1), " GB/s over ",
                train::formatBytes(static_cast<double>(bandwidth.bytes)));
    separator = ", ";
  }
  out += "\n";
  for (const EntryTiming &timing : entries)
    out += tableOf(timing, machine);
  return out;
}

static train::OrderedJson describe(const KernelTiming &kernel, const Machine &machine) {
  double flops = ratio(static_cast<double>(kernel.flops), kernel.seconds);
  return {{"kernel", kernel.kernel},
          {"operation", kernel.operation},
          {"launches", kernel.launches},
          {"median_seconds", kernel.seconds},
          {"flops", kernel.flops},
          {"bytes", kernel.bytes},
          {"flops_per_second", flops},
          {"products", kernel.products.empty() ? "f32" : kernel.products},
          {"share_of_flops_peak", flops / machine.peakOf(kernel.products)},
          {"bytes_per_second", ratio(static_cast<double>(kernel.bytes), kernel.seconds)},
          {"share_of_bandwidth", shareOfBandwidth(kernel, machine)},
          {"bound_seconds", kernel.bound},
          {"time_over_bound", ratio(kernel.seconds, kernel.bound)}};
}

static train::OrderedJson describe(const EntryTiming &timing, const Machine &machine) {
  train::OrderedJson kernels = train::OrderedJson::array();
  for (const KernelTiming &kernel : timing.kernels)
    kernels.push_back(describe(kernel, machine));
  return {{"entry", timing.entry},
          {"runs", timing.seconds.size()},
          {"median_seconds", timing.median()},
          {"fastest_seconds", timing.seconds.front()},
          {"slowest_seconds", timing.seconds.back()},
          {"tokens_per_second", ratio(static_cast<double>(timing.tokens), timing.median())},
          {"kernel_seconds", timing.kernelSeconds()},
          {"between_kernels_seconds", timing.betweenKernels},
          {"bound_seconds", timing.bound()},
          {"time_over_bound", ratio(timing.median(), timing.bound())},
          {"kernels", std::move(kernels)}};
}

std::string BenchReport::asJson() const {
  train::OrderedJson bandwidths = train::OrderedJson::array();
  for (const Bandwidth &bandwidth : machine.bandwidths)
    bandwidths.push_back(
        {{"bytes", bandwidth.bytes}, {"bytes_per_second", bandwidth.bytesPerSecond}});
  train::OrderedJson out = {{"model", model},
                            {"device", device},
                            {"variant", variant},
                            {"machine",
                             {{"processor", machine.processor},
                              {"features", machine.features},
                              {"threads", machine.threads},
                              {"flops_per_second", machine.flopsPerSecond},
                              {"narrow_flops_per_second", machine.narrowFlopsPerSecond},
                              {"bandwidths", std::move(bandwidths)}}}};
  out["entries"] = train::OrderedJson::array();
  for (const EntryTiming &timing : entries)
    out["entries"].push_back(describe(timing, machine));
  return train::dumpLine(out) + "\n";
}

} // namespace dreamer::run

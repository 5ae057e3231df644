// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The time of an entry, by kernel, and how `dreamer-run bench` tells it.

#ifndef DREAMER_TOOLS_DREAMER_RUN_TIMING_H
#define DREAMER_TOOLS_DREAMER_RUN_TIMING_H

#include "runtime/core/Manifest.h"
#include "runtime/measure/Machine.h"

#include <map>

namespace dreamer::run {

using measure::Bandwidth, measure::Machine;

/// All launches of one kernel in one run of an entry.
struct KernelTiming {
  std::string kernel, operation, products;
  int64_t launches = 0;
  int64_t flops = 0, bytes = 0; ///< of all launches together
  double seconds = 0;           ///< median over the runs
  double bound = 0;             ///< the sum of the launches' rooflines
};

struct EntryTiming {
  std::string entry;
  int64_t tokens = 0;                ///< positions that one run computes
  std::vector<double> seconds;       ///< of each run, nothing else measured; sorted
  std::vector<KernelTiming> kernels; ///< the longest first
  double betweenKernels = 0;         ///< copies, fills, the host and the measuring; median

  double median() const { return seconds[seconds.size() / 2]; }
  double kernelSeconds() const;
  double bound() const; ///< of all kernels
};

/// Adds up what launches take.
class LaunchTimes : public runtime::LaunchObserver {
public:
  explicit LaunchTimes(const std::vector<runtime::LaunchSpec> &launches) : launches(launches) {}

  void beginEntry(size_t entry, int64_t time) override;
  void launched(const runtime::LaunchRecord &record) override;
  void endEntry(size_t entry, int64_t time) override;

  /// Fills in the kernels and what is between them.
  void summarize(const Machine &machine, EntryTiming &timing) const;

private:
  const std::vector<runtime::LaunchSpec> &launches;
  std::map<std::string, std::vector<double>> seconds; // by kernel and run
  std::vector<int64_t> counts;                        // by id, of the last run
  std::vector<double> between;                        // by run
  int64_t begin = 0;
  size_t runs = 0;
};

/// A table, or one JSON object, for the standard output.
struct BenchReport {
  std::string model, device, variant;
  Machine machine;
  std::vector<EntryTiming> entries;

  std::string asTable() const;
  std::string asJson() const;
};

} // namespace dreamer::run

#endif // DREAMER_TOOLS_DREAMER_RUN_TIMING_H

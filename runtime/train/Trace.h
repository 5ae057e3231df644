// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A profile as a Chrome trace: what https://ui.perfetto.dev and about://tracing show.

#ifndef DREAMER_RUNTIME_TRAIN_TRACE_H
#define DREAMER_RUNTIME_TRAIN_TRACE_H

#include "runtime/core/Manifest.h"
#include "runtime/core/Profile.h"

#include <map>
#include <string>
#include <vector>

namespace dreamer::train {

/// Remembers the last run of every entry: one event for the run, one for each launch, and one for
/// what each thread did of a launch.
class Trace final : public runtime::LaunchObserver {
public:
  Trace(const runtime::Manifest &manifest, std::string variant)
      : manifest(manifest), variant(std::move(variant)) {}

  void beginEntry(size_t entry, int64_t time) override;
  void launched(const runtime::LaunchRecord &record) override;
  void endEntry(size_t entry, int64_t time) override;

  /// JSON; times in microseconds since the first event.
  std::string text() const;
  /// Writes the file as a whole.
  runtime::Status write(const std::string &path) const;

private:
  struct Launch {
    runtime::LaunchRecord record; ///< without threads
    std::vector<runtime::ThreadShare> threads;
  };
  struct Run {
    int64_t begin = 0, end = 0;
    std::vector<Launch> launches;
  };

  const runtime::Manifest &manifest;
  std::string variant;
  std::map<size_t, Run> runs; // by entry
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_TRACE_H

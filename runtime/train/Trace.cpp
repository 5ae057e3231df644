// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Trace.h"

#include "runtime/core/File.h"
#include "runtime/train/Log.h"

#include <algorithm>
#include <limits>
#include <set>

namespace dreamer::train {

void Trace::beginEntry(size_t entry, int64_t time) {
  Run &run = runs[entry];
  run.begin = run.end = time;
  run.launches.clear();
}

void Trace::launched(const runtime::LaunchRecord &record) {
  Launch launch{record, {record.threads.begin(), record.threads.end()}};
  launch.record.threads = {};
  runs[record.entry].launches.push_back(std::move(launch));
}

void Trace::endEntry(size_t entry, int64_t time) { runs[entry].end = time; }

namespace {

constexpr int scheduleRow = 0; // rows of threads follow
constexpr int rowOf(int32_t thread) { return 1 + thread; }

/// The list of events, one on each line.
class Events {
public:
  explicit Events(int64_t origin) : origin(origin) {}

  void nameRow(int row, const std::string &name) {
    add({{"ph", "M"},
         {"pid", 1},
         {"tid", row},
         {"name", "thread_name"},
         {"args", {{"name", name}}}});
  }
  void span(int row, const std::string &name, const std::string &category, int64_t begin,
            int64_t end, OrderedJson arguments) {
    add({{"ph", "X"},
         {"pid", 1},
         {"tid", row},
         {"name", name},
         {"cat", category},
         {"ts", 1e-3 * static_cast<double>(begin - origin)},
         {"dur", 1e-3 * static_cast<double>(end - begin)},
         {"args", std::move(arguments)}});
  }
  std::string list() const { return "[\n" + lines + "\n]"; }

private:
  void add(const OrderedJson &event) { lines += (lines.empty() ? "" : ",\n") + dumpLine(event); }

  int64_t origin;
  std::string lines;
};

OrderedJson describeLaunch(const runtime::LaunchRecord &record, const runtime::LaunchSpec &spec) {
  OrderedJson about = {{"operation", spec.operation}, {"part", spec.part}, {"tasks", record.tasks}};
  if (record.step >= 0)
    about["depth"] = record.step;
  about["flops"] = spec.flops;
  about["bytes"] = spec.bytes();
  auto nanoseconds = static_cast<double>(std::max<int64_t>(1, record.end - record.begin));
  about["gflops_per_second"] = static_cast<double>(spec.flops) / nanoseconds;
  about["gigabytes_per_second"] = static_cast<double>(spec.bytes()) / nanoseconds;
  return about;
}

} // namespace

std::string Trace::text() const {
  int64_t origin = std::numeric_limits<int64_t>::max();
  std::set<int32_t> threads;
  for (const auto &[entry, run] : runs) {
    origin = std::min(origin, run.begin);
    for (const Launch &launch : run.launches)
      for (const runtime::ThreadShare &share : launch.threads)
        threads.insert(share.thread);
  }
  Events events(origin);
  events.nameRow(scheduleRow, "schedule");
  for (int32_t thread : threads)
    events.nameRow(rowOf(thread), "thread " + std::to_string(thread));
  for (const auto &[entry, run] : runs) {
    const std::string &name = manifest.entries[entry].name;
    const std::vector<runtime::LaunchSpec> &specs = manifest.launchesOf(variant, name);
    events.span(scheduleRow, name, "entry", run.begin, run.end,
                {{"launches", run.launches.size()}});
    for (const Launch &launch : run.launches) {
      static const runtime::LaunchSpec unknown = {"unknown", "unknown", "other"};
      auto id = static_cast<size_t>(launch.record.id);
      const runtime::LaunchSpec &spec = id < specs.size() ? specs[id] : unknown;
      events.span(scheduleRow, spec.kernel, "launch", launch.record.begin, launch.record.end,
                  describeLaunch(launch.record, spec));
      for (const runtime::ThreadShare &share : launch.threads)
        events.span(rowOf(share.thread), spec.kernel, "tasks", share.begin, share.end,
                    {{"tasks", share.tasks}, {"busy_us", 1e-3 * static_cast<double>(share.busy)}});
    }
  }
  OrderedJson about = {{"model", manifest.model}, {"variant", variant}};
  return "{\"displayTimeUnit\":\"ms\",\"otherData\":" + dumpLine(about) +
         ",\"traceEvents\":" + events.list() + "}\n";
}

runtime::Status Trace::write(const std::string &path) const {
  return runtime::writeFileAtomically(path, text());
}

} // namespace dreamer::train

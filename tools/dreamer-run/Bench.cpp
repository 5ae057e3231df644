// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run bench

#include "Common.h"
#include "runtime/train/Console.h"
#include "runtime/train/Log.h"

#include <algorithm>
#include <chrono>

namespace dreamer::run {
namespace {

struct BenchOptions {
  PackageOptions package;
  std::vector<std::string> entries;
  std::string format = "text";
  int64_t repeat = 0;
  double seconds = 2.0;
};

struct Timing {
  std::string entry;
  std::vector<double> seconds; ///< sorted
  int64_t tokens = 0;          ///< positions that one call computes

  double median() const { return seconds[seconds.size() / 2]; }
};

/// Sound values for every input that has no default: tokens spread over the vocabulary, the last
/// position, step 1, rate 0 (so that training does not move).
Status fillInputs(runtime::Call &call, const runtime::Manifest &manifest) {
  train::RandomSequence random(0, DREAMER_RANDOM_SAMPLING, 0);
  for (const runtime::ValueSpec &input : call.entry().inputs) {
    if (input.role != "input" || input.defaultValue)
      continue;
    Result<runtime::Tensor> tensor = call.input(input.name);
    if (tensor.failed())
      return tensor.status();
    if (input.dtype != runtime::DType::I32)
      continue; // zeros
    bool ids = input.name == "tokens" || input.name == "targets" || input.name == "token";
    int64_t highest = input.range ? input.range->second : 1;
    auto *values = tensor->asMutable<int32_t>();
    for (int64_t i = 0; i < tensor->elements(); ++i)
      values[i] = static_cast<int32_t>(
          ids ? static_cast<int64_t>(random.below(static_cast<uint64_t>(manifest.vocabulary)))
          : input.name == "step" ? 1
                                 : highest);
  }
  return {};
}

int64_t tokensOf(const runtime::EntrySpec &entry) {
  for (const char *name : {"tokens", "token"})
    if (const runtime::ValueSpec *input = entry.input(name))
      return *runtime::elementsOf(input->shape);
  return 0;
}

Result<Timing> timeEntry(OpenPackage &opened, const std::string &entry, const BenchOptions &given) {
  using Clock = std::chrono::steady_clock;
  Result<runtime::Call *> call = opened.model->call(entry);
  if (call.failed())
    return call.status();
  DREAMER_RETURN_IF_FAILED(fillInputs(**call, opened.manifest()));
  Timing timing;
  timing.entry = entry;
  timing.tokens = tokensOf((*call)->entry());
  DREAMER_RETURN_IF_FAILED((*call)->run()); // warms caches and threads
  auto begin = Clock::now();
  auto more = [&] {
    auto done = static_cast<int64_t>(timing.seconds.size());
    if (given.repeat > 0)
      return done < given.repeat;
    return done < 3 || std::chrono::duration<double>(Clock::now() - begin).count() < given.seconds;
  };
  while (more()) {
    auto start = Clock::now();
    DREAMER_RETURN_IF_FAILED((*call)->run());
    timing.seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::sort(timing.seconds.begin(), timing.seconds.end());
  return timing;
}

void report(const std::vector<Timing> &timings, const OpenPackage &opened,
            const std::string &format) {
  const runtime::Session &session = opened.model->session();
  if (format == "json") {
    train::OrderedJson out = {{"model", opened.manifest().model},
                              {"device", session.device().name()},
                              {"variant", session.program().variant()},
                              {"threads", session.device().threads()}};
    for (const Timing &timing : timings)
      out["entries"].push_back(
          {{"entry", timing.entry},
           {"runs", timing.seconds.size()},
           {"median_seconds", timing.median()},
           {"fastest_seconds", timing.seconds.front()},
           {"slowest_seconds", timing.seconds.back()},
           {"tokens_per_second", static_cast<double>(timing.tokens) / timing.median()}});
    printf("%s\n", train::dumpLine(out).c_str());
    return;
  }
  printf("%s on %s, %s, %d threads\n", opened.manifest().model.c_str(),
         std::string(session.device().name()).c_str(), session.program().variant().c_str(),
         session.device().threads());
  std::vector<std::vector<std::string>> table = {
      {"entry", "runs", "median ms", "fastest ms", "tokens/s"}};
  for (const Timing &timing : timings)
    table.push_back({timing.entry, text(timing.seconds.size()),
                     train::formatFixed(1e3 * timing.median(), 3),
                     train::formatFixed(1e3 * timing.seconds.front(), 3),
                     train::formatCount(static_cast<double>(timing.tokens) / timing.median())});
  fputs(formatTable(table).c_str(), stdout);
}

Status bench(const BenchOptions &given) {
  Result<OpenPackage> opened = given.package.open();
  if (opened.failed())
    return opened.status();
  DREAMER_RETURN_IF_FAILED(opened->model->session().initialize(0));
  std::vector<std::string> entries = given.entries;
  if (entries.empty())
    entries = opened->manifest().entryNames();
  std::vector<Timing> timings;
  train::ProgressLine progress(stderr);
  for (const std::string &entry : entries) {
    progress.show("timing " + entry);
    Result<Timing> timing = timeEntry(*opened, entry, given);
    progress.clear();
    if (timing.failed())
      return timing.status();
    timings.push_back(std::move(*timing));
  }
  report(timings, *opened, given.format);
  return {};
}

} // namespace

int runBench(const Words &words) {
  BenchOptions given;
  Options options("bench", "PACKAGE [--entry=NAME]", "Times entries on initial weights.");
  given.package.addTo(options);
  options.value("entry", "NAME", &given.entries, "which (repeatable); default: all");
  options.value("repeat", "N", &given.repeat, "runs of each; default: as many as fit in --seconds");
  options.value("seconds", "X", &given.seconds, "time for each entry; 2 by default");
  options.choice("format", {"text", "json"}, &given.format, "how to report");
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("bench", bench(given));
}

} // namespace dreamer::run

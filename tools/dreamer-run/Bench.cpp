// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run bench

#include "Common.h"
#include "Timing.h"
#include "runtime/train/Console.h"

#include <algorithm>

namespace dreamer::run {
namespace {

struct BenchOptions {
  PackageOptions package;
  std::vector<std::string> entries;
  std::string format = "table", profile;
  int64_t repetitions = 0;
  double seconds = 2.0;
};

/// Sound values for every input that has no default: tokens spread over the vocabulary, the last
/// position, full caches, step 1, rate 0 (so that training does not move).
Status fillInputs(runtime::Call &call, const runtime::Manifest &manifest) {
  train::RandomSequence random(0, DREAMER_RANDOM_SAMPLING, 0);
  for (const runtime::ValueSpec &input : call.entry().inputs) {
    bool isCache = input.role == "cache";
    if ((input.role != "input" || input.defaultValue) && !isCache)
      continue;
    Result<runtime::Tensor> tensor = call.input(input.name);
    if (tensor.failed())
      return tensor.status();
    if (isCache)
      for (int64_t i = 0; i < tensor->elements(); ++i) {
        auto value = static_cast<float>(2 * random.unit() - 1);
        if (input.dtype == runtime::DType::BF16)
          tensor->asMutable<uint16_t>()[i] = runtime::toBFloat16(value);
        else
          tensor->asMutable<float>()[i] = value;
      }
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

/// Runs the entry as often as asked and gives the seconds of each run.
Result<std::vector<double>> timeRuns(runtime::Call &call, const BenchOptions &given) {
  std::vector<double> seconds;
  auto begin = runtime::nanoseconds();
  auto more = [&] {
    auto done = static_cast<int64_t>(seconds.size());
    if (given.repetitions > 0)
      return done < given.repetitions;
    return done < 3 || 1e-9 * static_cast<double>(runtime::nanoseconds() - begin) < given.seconds;
  };
  while (more()) {
    int64_t start = runtime::nanoseconds();
    DREAMER_RETURN_IF_FAILED(call.run());
    seconds.push_back(1e-9 * static_cast<double>(runtime::nanoseconds() - start));
  }
  return seconds;
}

/// First as it is, then once more with its launches watched.
Result<EntryTiming> timeEntry(OpenPackage &opened, const std::string &entry, const Machine &machine,
                              const BenchOptions &given, Profiling &profiling) {
  Result<runtime::Call *> call = opened.model->call(entry);
  if (call.failed())
    return call.status();
  DREAMER_RETURN_IF_FAILED(fillInputs(**call, opened.manifest()));
  DREAMER_RETURN_IF_FAILED((*call)->run()); // warms caches and threads
  Result<std::vector<double>> seconds = timeRuns(**call, given);
  if (seconds.failed())
    return seconds.status();
  std::sort(seconds->begin(), seconds->end());
  EntryTiming timing;
  timing.entry = entry;
  timing.tokens = tokensOf((*call)->entry());
  timing.seconds = std::move(*seconds);
  runtime::Program &program = opened.model->session().program();
  LaunchTimes times(opened.manifest().launchesOf(program.variant(), entry));
  program.observe(&times);
  Status status = timeRuns(**call, given).status();
  program.observe(nullptr);
  DREAMER_RETURN_IF_FAILED(status);
  if (profiling.wanted()) {
    profiling.start();
    DREAMER_RETURN_IF_FAILED((*call)->run());
    profiling.stop();
  }
  times.summarize(machine, timing);
  return timing;
}

Status bench(const BenchOptions &given) {
  Result<OpenPackage> opened = given.package.open();
  if (opened.failed())
    return opened.status();
  DREAMER_RETURN_IF_FAILED(opened->model->session().initialize(0));
  std::vector<std::string> entries = given.entries;
  if (entries.empty())
    entries = opened->manifest().entryNames();
  for (const std::string &entry : entries) // before anything takes time
    if (Result<runtime::Call *> call = opened->model->call(entry); call.failed())
      return call.status();
  runtime::Session &session = opened->model->session();
  train::ProgressLine progress(stderr);
  progress.show("measuring the machine");
  BenchReport report = {opened->manifest().model,
                        std::string(session.device().name()),
                        session.program().variant(),
                        measure::measureMachine(session.device()),
                        {}};
  Profiling profiling(given.profile, *opened);
  for (const std::string &entry : entries) {
    progress.show("timing " + entry);
    Result<EntryTiming> timing = timeEntry(*opened, entry, report.machine, given, profiling);
    if (timing.failed()) {
      progress.clear();
      return timing.status();
    }
    report.entries.push_back(std::move(*timing));
  }
  progress.clear();
  DREAMER_RETURN_IF_FAILED(profiling.finish());
  fputs((given.format == "json" ? report.asJson() : report.asTable()).c_str(), stdout);
  return {};
}

} // namespace

int runBench(const Words &words) {
  BenchOptions given;
  Options options(
      "bench", "PACKAGE [--entry=NAME]",
      "Times entries and their kernels on initial weights and random tokens, beside what\n"
      "this machine can do at most, which is measured first.");
  given.package.addTo(options);
  options.value("entry", "NAME", &given.entries, "which (repeatable); default: all");
  options.value("repetitions", "N", &given.repetitions,
                "runs of each; default: as many as fit in --seconds");
  options.value("seconds", "X", &given.seconds, "time for each entry; 2 by default");
  options.choice("format", {"table", "json"}, &given.format, "how to report");
  Profiling::addTo(options, &given.profile);
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("bench", bench(given));
}

} // namespace dreamer::run

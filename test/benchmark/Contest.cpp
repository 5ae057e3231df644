// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/Contest.h"
#include "runtime/core/Parallel.h"
#include "test/benchmark/Peaks.h"
#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace dreamer::benchmarking {

static Options theOptions;
static bool jsonOnly = false; ///< nothing but Google Benchmark's JSON
const Options &options() { return theOptions; }

double now() {
  timespec t;
  clock_gettime(theOptions.processorTime ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

Contender timed(std::string name, bool ours, std::function<void()> work) {
  return {std::move(name), ours, [work = std::move(work)] {
            double start = now();
            work();
            return now() - start;
          }};
}

double median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

namespace {

/// A line of the summary.
struct Line {
  std::string title;
  double ours;      ///< FLOP/s
  double bestPeer;  ///< FLOP/s; 0 without peers
  std::string peer; ///< its name
  double ratio;     ///< median over rounds of ours to the round's best peer
};
std::vector<Line> lines;

/// How often a contender runs for one sample: about two milliseconds.
int64_t repetitions(const Contender &contender) {
  contender.sample(); // warms caches
  double once = std::max(1e-8, std::min(contender.sample(), contender.sample()));
  return std::clamp<int64_t>(static_cast<int64_t>(2e-3 / once), 1, 10000);
}

} // namespace

void contest(benchmark::State &state, const std::string &title, double flops,
             std::vector<Contender> contenders) {
  std::vector<int64_t> repeats;
  for (const Contender &contender : contenders)
    repeats.push_back(repetitions(contender));
  std::vector<std::vector<double>> seconds(contenders.size());
  for ([[maybe_unused]] auto iteration : state) {
    for (size_t i = 0; i < contenders.size(); ++i) {
      double sum = 0;
      for (int64_t r = 0; r < repeats[i]; ++r)
        sum += contenders[i].sample();
      seconds[i].push_back(sum / static_cast<double>(repeats[i]));
    }
    state.SetIterationTime(seconds[0].back());
  }

  Line line = {title, flops / median(seconds[0]), 0, "", 0};
  std::vector<double> ratios;
  for (size_t round = 0; round < seconds[0].size(); ++round) {
    double best = 0;
    for (size_t i = 0; i < contenders.size(); ++i)
      if (!contenders[i].ours && (best == 0 || seconds[i][round] < best))
        best = seconds[i][round];
    ratios.push_back(best / seconds[0][round]);
  }
  line.ratio = median(ratios);
  for (size_t i = 0; i < contenders.size(); ++i) {
    double rate = flops / median(seconds[i]);
    state.counters[contenders[i].name] = benchmark::Counter(rate);
    if (!contenders[i].ours && rate > line.bestPeer) {
      line.bestPeer = rate;
      line.peer = contenders[i].name;
    }
  }
  double peak = peaks(theOptions.threads).fma;
  if (line.bestPeer > 0)
    state.counters["ratio"] = line.ratio;
  state.counters["of_peak"] = line.ours / peak;
  lines.push_back(line);
}

static void printSummary() {
  if (lines.empty())
    return;
  double peak = peaks(theOptions.threads).fma;
  std::sort(lines.begin(), lines.end(), [](const Line &a, const Line &b) { // without a peer last
    return std::pair(a.bestPeer == 0, a.ratio) < std::pair(b.bestPeer == 0, b.ratio);
  });
  std::printf("\n%d threads, %s, %s time; peak %.1f GFLOP/s f32 measured\n", theOptions.threads,
              theOptions.bf16 ? "bf16" : "f32", theOptions.processorTime ? "processor" : "wall",
              peak * 1e-9);
  std::printf("%8s %8s %7s %8s  %-9s %s\n", "ratio", "GFLOP/s", "of peak", "peer", "", "work");
  size_t below = 0, compared = 0;
  for (const Line &line : lines) {
    compared += line.bestPeer > 0;
    below += line.bestPeer > 0 && line.ratio < 0.95;
    if (line.bestPeer > 0)
      std::printf("%8.2f %8.1f %6.0f%% %8.1f  %-9s %s\n", line.ratio, line.ours * 1e-9,
                  100 * line.ours / peak, line.bestPeer * 1e-9, line.peer.c_str(),
                  line.title.c_str());
    else
      std::printf("%8s %8.1f %6.0f%% %8s  %-9s %s\n", "-", line.ours * 1e-9, 100 * line.ours / peak,
                  "-", "", line.title.c_str());
  }
  std::printf("%zu of %zu below 0.95 of the best peer; %zu without a peer\n", below, compared,
              lines.size() - compared);
}

/// Takes "--name=value" out of `argument`; whether it was that.
static bool take(const char *argument, const char *name, std::string &value) {
  size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=')
    return false;
  value = argument + length + 1;
  return true;
}

/// A positive number, or the end of the program with a message.
static int count(const char *name, const std::string &value) {
  char *end = nullptr;
  long number = std::strtol(value.c_str(), &end, 10);
  if (value.empty() || *end || number < 1 || number > 1000) {
    std::fprintf(stderr, "error: %s: expected a number from 1 to 1000, found '%s'\n", name,
                 value.c_str());
    std::exit(2);
  }
  return static_cast<int>(number);
}

/// Whether the second of two words was given; neither ends the program with a message.
static bool second(const char *name, const std::string &value, const char *a, const char *b) {
  if (value == a || value == b)
    return value == b;
  std::fprintf(stderr, "error: %s: expected %s or %s, found '%s'\n", name, a, b, value.c_str());
  std::exit(2);
}

void parseOptions(int argc, char **argv) {
  std::vector<char *> rest = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    std::string value;
    if (take(argv[i], "--threads", value))
      theOptions.threads = count("--threads", value);
    else if (take(argv[i], "--rounds", value))
      theOptions.rounds = count("--rounds", value);
    else if (take(argv[i], "--dtype", value))
      theOptions.bf16 = second("--dtype", value, "f32", "bf16");
    else if (take(argv[i], "--clock", value))
      theOptions.processorTime = second("--clock", value, "wall", "cpu");
    else if (take(argv[i], "--products", value))
      theOptions.products = value;
    else
      rest.push_back(argv[i]);
    jsonOnly |= std::strcmp(argv[i], "--benchmark_format=json") == 0;
  }
  if (theOptions.processorTime && theOptions.threads != 1) {
    std::fprintf(stderr, "error: --clock=cpu: expected --threads=1, found %d\n",
                 theOptions.threads);
    std::exit(2);
  }
  int restCount = static_cast<int>(rest.size());
  benchmark::Initialize(&restCount, rest.data());
  if (benchmark::ReportUnrecognizedArguments(restCount, rest.data()))
    std::exit(2);
}

int runBenchmarks() {
  runtime::FlushDenormals flush; // as our kernels do: one mode for all contenders
  benchmark::RunSpecifiedBenchmarks();
  if (!jsonOnly)
    printSummary();
  return 0;
}

} // namespace dreamer::benchmarking

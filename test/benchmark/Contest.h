// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contenders that do the same work, timed in turn in one run, so that whatever else the machine
// does hits them alike.

#ifndef DREAMER_TEST_BENCHMARK_CONTEST_H
#define DREAMER_TEST_BENCHMARK_CONTEST_H

#include <functional>
#include <string>
#include <vector>

namespace benchmark {
class State;
}

namespace dreamer::benchmarking {

/// What all benchmark programs take besides Google Benchmark's options.
struct Options {
  int threads = 1;            ///< --threads=N
  bool bf16 = false;          ///< --dtype=f32|bf16
  bool processorTime = false; ///< --clock=wall|cpu: cpu leaves out what other processes take
  int rounds = 9;             ///< --rounds=N: samples of each contender; medians are reported
  std::string products;       ///< --products=FILE
};
const Options &options();

/// Seconds on the clock that was asked for.
double now();

double median(std::vector<double> values);

/// One contender: ours if `ours`, else a peer.
struct Contender {
  std::string name;
  bool ours;
  /// Does the work once and gives the seconds that count.
  std::function<double()> sample;
};

/// A contender all of whose time counts.
Contender timed(std::string name, bool ours, std::function<void()> work);

/// Runs all contenders in turn, once a state iteration, and reports to `state` and to the summary:
/// the rate of each (`flops` an execution), and the ratio of the first one of ours to the best peer.
void contest(benchmark::State &state, const std::string &title, double flops,
             std::vector<Contender> contenders);

/// Takes our options and Google Benchmark's; ends the program, after a message, if there are others.
void parseOptions(int argc, char **argv);

/// Runs what is registered, then prints the summary: worst ratios first, and how many are below 0.95.
int runBenchmarks();

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_CONTEST_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run init, problems, plot: the verbs that need no data.

#include "Common.h"
#include "runtime/core/Safetensors.h"
#include "runtime/train/Plot.h"
#include "runtime/train/Problems.h"

namespace dreamer::run {

//===-- init ---===//

static Status initialize(const PackageOptions &packageOptions, uint64_t seed,
                         const std::string &out) {
  Result<OpenPackage> opened = packageOptions.open();
  if (opened.failed())
    return opened.status();
  DREAMER_RETURN_IF_FAILED(opened->model->session().initialize(seed));
  Result<runtime::Bundle> weights = opened->model->state(/*withMoments=*/false);
  if (weights.failed())
    return weights.status();
  DREAMER_RETURN_IF_FAILED(weights->setMetadata("dreamer.model", opened->manifest().model));
  DREAMER_RETURN_IF_FAILED(weights->setMetadata("dreamer.seed", text(seed)));
  return runtime::writeSafetensors(*weights, out);
}

int runInit(const Words &words) {
  PackageOptions package;
  uint64_t seed = 0;
  std::string out;
  Options options("init", "PACKAGE --seed=S --out=FILE",
                  "Writes initial weights: a function of the seed and the parameters' names.");
  package.addTo(options);
  options.value("seed", "S", &seed, "0 by default");
  options.value("out", "FILE", &out, "the safetensors file to write");
  options.required();
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("init", initialize(package, seed, out));
}

//===-- problems ---===//

static void printSummary(const train::ProblemOptions &options,
                         const train::ProblemSummary &summary) {
  auto count = static_cast<double>(options.count);
  printf("%lld problems (%lld distinct), prompt and answer up to %zu bytes\n",
         static_cast<long long>(options.count), static_cast<long long>(summary.distinct),
         summary.longest);
  std::vector<std::vector<std::string>> table = {{"steps", "problems", "share"}};
  for (auto [steps, rows] : summary.countBySteps)
    table.push_back({text(steps), text(rows),
                     train::formatFixed(100.0 * static_cast<double>(rows) / count, 1) + "%"});
  fputs(formatTable(table).c_str(), stdout);
  printf("chance (the commonest answer's share): %.1f%%\n", 100.0 * summary.chance);
}

int runProblems(const Words &words) {
  train::ProblemOptions problems;
  std::string out;
  Options options("problems", "--kind=KIND --count=N --seed=S --out=FILE.jsonl",
                  "Makes reasoning problems whose number of steps is known:\n"
                  "  sum          3+4+9=               6\n"
                  "  chain        a=3;b=a+4;c=b+9;c?   6   with a name for every sum on the way\n"
                  "  shuffled     c=b+9;x=c+1;b=7;c?   6   lines in any order, two lead nowhere\n"
                  "  permutation  3:24153,51234?       5   the place an object reaches");
  options.value("kind", "KIND", &problems.kind, "sum, chain (default), shuffled or permutation");
  options.value("count", "N", &problems.count, "how many");
  options.required();
  options.value("seed", "S", &problems.seed, "0 by default");
  options.value("out", "FILE.jsonl", &out,
                "where they go, one {\"prompt\", \"answer\", \"steps\"} a line");
  options.required();
  options.value("min-steps", "N", &problems.minSteps, "1 by default");
  options.value("max-steps", "N", &problems.maxSteps, "4 by default");
  options.value("modulus", "N", &problems.modulus, "of sums, 2 to 10 (default)");
  if (std::optional<int> status = options.parse(words))
    return *status;
  Result<train::ProblemSummary> summary = train::writeProblems(problems, out);
  if (summary.failed())
    return fail("problems", summary.status());
  printSummary(problems, *summary);
  return 0;
}

//===-- plot ---===//

int runPlot(const Words &words) {
  std::vector<std::string> logs;
  std::string out;
  Options options("plot", "LOG.jsonl... --out=FILE.svg",
                  "Draws loss and right answers of one or more training logs.");
  options.arguments("LOG.jsonl...", &logs, "what `dreamer-run train --log` wrote");
  options.value("out", "FILE.svg", &out, "the picture");
  options.required();
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("plot", train::plotRuns(logs, out));
}

} // namespace dreamer::run

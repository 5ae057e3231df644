// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run: everything one does with a compiled model.

#include "Common.h"

#include <algorithm>

namespace dreamer::run {
namespace {

struct Verb {
  const char *name;
  const char *summary;
  int (*run)(const Words &);
};

constexpr Verb verbs[] = {
    {"init", "write initial weights", runInit},
    {"train", "train on text or problems, with checkpoints and a log", runTrain},
    {"score", "loss, bits a byte and right answers on data", runScore},
    {"generate", "continue a prompt", runGenerate},
    {"call", "run any entry on safetensors files", runCall},
    {"info", "what a package holds", runInfo},
    {"bench", "time an entry", runBench},
    {"problems", "make reasoning problems to train on", runProblems},
    {"plot", "draw the curves of training logs", runPlot},
};

void printUsage(FILE *out) {
  fprintf(out, "usage: dreamer-run VERB ...\n\nRuns packages made by dreamer-compile.\n\n");
  for (const Verb &verb : verbs)
    fprintf(out, "  %-10s %s\n", verb.name, verb.summary);
  fprintf(out, "\n`dreamer-run VERB --help` says more. Exit status: 0, 1 (failed), 2 (usage).\n");
}

int dispatch(const Words &words) {
  if (words.empty()) {
    printUsage(stderr);
    return 2;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    printUsage(stdout);
    return 0;
  }
  if (words[0] == "--version") {
    printf("dreamer-run %s\n", DREAMER_VERSION);
    return 0;
  }
  std::vector<std::string> names;
  for (const Verb &verb : verbs) {
    if (words[0] == verb.name)
      return verb.run(Words(words.begin() + 1, words.end()));
    names.push_back(verb.name);
  }
  std::string hint = runtime::nearestHint(words[0], names);
  fprintf(stderr, "dreamer-run: error: expected %s, found %s%s%s\n",
          train::listAlternatives(names).c_str(), train::quote(words[0]).c_str(),
          hint.empty() ? "" : "; hint: ", hint.c_str());
  return 2;
}

} // namespace
} // namespace dreamer::run

int main(int argc, char **argv) { return dreamer::run::dispatch({argv + 1, argv + argc}); }

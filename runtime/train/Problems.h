// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Generated reasoning problems whose number of steps is known.
//
//   sum          3+4+9=               6   k additions in a row, the fewest tokens a step
//   chain        a=3;b=a+4;c=b+9;c?   6   the same with named intermediate values
//   shuffled     c=b+9;x=c+1;b=7;c?   6   a chain with names and lines in any order and two lines
//                                         that lead nowhere: it has to be followed from the question
//   permutation  3:24153,51234?       5   which place an object reaches: place i goes to the i-th
//                                         digit of each permutation of five places, k in turn
//
// Sums are taken modulo `modulus`, at most 10, so that every answer is one digit.

#ifndef DREAMER_RUNTIME_TRAIN_PROBLEMS_H
#define DREAMER_RUNTIME_TRAIN_PROBLEMS_H

#include "runtime/train/Random.h"
#include "runtime/train/Text.h"

#include <map>
#include <string>
#include <vector>

namespace dreamer::train {

struct Problem {
  std::string prompt;
  std::string answer;
  int64_t steps = 0;
};

struct ProblemOptions {
  std::string kind = "chain";
  int64_t count = 0;
  uint64_t seed = 0;
  int64_t minSteps = 1;
  int64_t maxSteps = 4;
  int64_t modulus = 10;
};

/// "sum", "chain", "shuffled", "permutation"
std::vector<std::string> problemKinds();

/// Problem 0, 1, ... of the options: depends on the options and the index alone. Steps are drawn
/// evenly.
Problem makeProblem(const ProblemOptions &options, int64_t index);

/// Fails if the options make no sense.
Status checkProblemOptions(const ProblemOptions &options);

/// How many problems, and how many distinct prompts, by number of steps; and the share of the
/// commonest answer, which is what guessing reaches.
struct ProblemSummary {
  std::map<int64_t, int64_t> countBySteps;
  std::map<std::string, int64_t> countByAnswer;
  int64_t distinct = 0;
  size_t longest = 0; ///< bytes of the longest prompt and answer together
  double chance = 0.0;
};

/// Writes `count` problems as JSONL rows {"prompt", "answer", "steps"}. A file is complete or not
/// there.
Result<ProblemSummary> writeProblems(const ProblemOptions &options, const std::string &path);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_PROBLEMS_H

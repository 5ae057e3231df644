// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Problems.h"

#include "runtime/core/File.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace dreamer::train {
namespace {

constexpr int64_t letters = 26;
constexpr int64_t distractors = 2;
constexpr int places = 5;

template <typename T>
void shuffle(std::vector<T> &items, RandomSequence &random) {
  for (size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(i)]);
}

std::string letter(int64_t index) { return std::string(1, static_cast<char>('a' + index)); }

/// The shortest way to write a chain: most steps for the fewest tokens.
Problem makeSum(RandomSequence &random, int64_t steps, int64_t modulus) {
  Problem problem;
  int64_t value = 0;
  for (int64_t term = 0; term <= steps; ++term) {
    auto digit = static_cast<int64_t>(random.below(static_cast<uint64_t>(modulus)));
    problem.prompt += text(term ? "+" : "", digit);
    value = (value + digit) % modulus;
  }
  problem.prompt += "=";
  problem.answer = text(value);
  return problem;
}

Problem makeChain(RandomSequence &random, int64_t steps, int64_t modulus) {
  Problem problem;
  auto value = static_cast<int64_t>(random.below(static_cast<uint64_t>(modulus)));
  problem.prompt = text(letter(0), '=', value, ';');
  for (int64_t step = 1; step <= steps; ++step) {
    auto add = static_cast<int64_t>(random.below(static_cast<uint64_t>(modulus)));
    problem.prompt += text(letter(step), '=', letter(step - 1), '+', add, ';');
    value = (value + add) % modulus;
  }
  problem.prompt += text(letter(steps), '?');
  problem.answer = text(value);
  return problem;
}

Problem makeShuffled(RandomSequence &random, int64_t steps, int64_t modulus) {
  std::vector<int64_t> names(letters);
  for (int64_t i = 0; i < letters; ++i)
    names[static_cast<size_t>(i)] = i;
  shuffle(names, random);
  auto name = [&](int64_t i) { return letter(names[static_cast<size_t>(i)]); };
  auto digit = [&] { return static_cast<int64_t>(random.below(static_cast<uint64_t>(modulus))); };

  int64_t value = digit();
  std::vector<std::string> lines = {text(name(0), '=', value, ';')};
  for (int64_t step = 1; step <= steps; ++step) {
    int64_t add = digit();
    lines.push_back(text(name(step), '=', name(step - 1), '+', add, ';'));
    value = (value + add) % modulus;
  }
  // lines that hang from any variable before them and that nothing asks for
  for (int64_t i = steps + 1; i <= steps + distractors; ++i) {
    auto from = static_cast<int64_t>(random.below(static_cast<uint64_t>(i)));
    lines.push_back(text(name(i), '=', name(from), '+', digit(), ';'));
  }
  shuffle(lines, random);

  Problem problem;
  for (const std::string &line : lines)
    problem.prompt += line;
  problem.prompt += name(steps) + "?";
  problem.answer = text(value);
  return problem;
}

Problem makePermutation(RandomSequence &random, int64_t steps) {
  auto place = static_cast<int>(random.below(places));
  Problem problem;
  problem.prompt = text(place + 1, ':');
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<int> order = {0, 1, 2, 3, 4};
    shuffle(order, random);
    if (step > 0)
      problem.prompt += ',';
    for (int target : order)
      problem.prompt += text(target + 1);
    place = order[static_cast<size_t>(place)];
  }
  problem.prompt += '?';
  problem.answer = text(place + 1);
  return problem;
}

} // namespace

std::vector<std::string> problemKinds() { return {"sum", "chain", "shuffled", "permutation"}; }

Problem makeProblem(const ProblemOptions &options, int64_t index) {
  RandomSequence random(options.seed, DREAMER_RANDOM_PROBLEMS, static_cast<uint32_t>(index));
  auto range = static_cast<uint64_t>(options.maxSteps - options.minSteps + 1);
  int64_t steps = options.minSteps + static_cast<int64_t>(random.below(range));
  Problem problem = options.kind == "sum"        ? makeSum(random, steps, options.modulus)
                    : options.kind == "chain"    ? makeChain(random, steps, options.modulus)
                    : options.kind == "shuffled" ? makeShuffled(random, steps, options.modulus)
                                                 : makePermutation(random, steps);
  problem.steps = steps;
  return problem;
}

Status checkProblemOptions(const ProblemOptions &options) {
  std::vector<std::string> kinds = problemKinds();
  if (std::find(kinds.begin(), kinds.end(), options.kind) == kinds.end())
    return failure(DREAMER_INVALID_ARGUMENT, "--kind", listAlternatives(kinds), quote(options.kind),
                   runtime::nearestHint(options.kind, kinds));
  if (options.count < 1 || options.count > UINT32_MAX)
    return failure(DREAMER_INVALID_ARGUMENT, "--count", "1 to 4294967295 problems",
                   text(options.count));
  int64_t most = options.kind == "chain"      ? letters - 1
                 : options.kind == "shuffled" ? letters - 1 - distractors
                                              : 1000;
  if (options.minSteps < 1 || options.maxSteps < options.minSteps || options.maxSteps > most)
    return failure(DREAMER_INVALID_ARGUMENT, "--min-steps, --max-steps",
                   text("1 <= min <= max <= ", most, " for ", options.kind),
                   text(options.minSteps, " and ", options.maxSteps));
  if (options.modulus < 2 || options.modulus > 10)
    return failure(DREAMER_INVALID_ARGUMENT, "--modulus",
                   "2 to 10, so that answers are single digits", text(options.modulus));
  return {};
}

Result<ProblemSummary> writeProblems(const ProblemOptions &options, const std::string &path) {
  DREAMER_RETURN_IF_FAILED(checkProblemOptions(options));
  Result<runtime::AtomicFile> file = runtime::AtomicFile::create(path);
  if (file.failed())
    return file.status();
  ProblemSummary summary;
  std::set<std::string> prompts;
  std::string block;
  for (int64_t i = 0; i < options.count; ++i) {
    Problem problem = makeProblem(options, i);
    nlohmann::ordered_json row = {
        {"prompt", problem.prompt}, {"answer", problem.answer}, {"steps", problem.steps}};
    block += row.dump() + "\n";
    if (block.size() > 1 << 16 || i + 1 == options.count) {
      DREAMER_RETURN_IF_FAILED(file->write(block.data(), block.size()));
      block.clear();
    }
    ++summary.countBySteps[problem.steps];
    ++summary.countByAnswer[problem.answer];
    summary.longest = std::max(summary.longest, problem.prompt.size() + problem.answer.size());
    prompts.insert(std::move(problem.prompt));
  }
  summary.distinct = static_cast<int64_t>(prompts.size());
  for (const auto &[answer, count] : summary.countByAnswer)
    summary.chance =
        std::max(summary.chance, static_cast<double>(count) / static_cast<double>(options.count));
  DREAMER_RETURN_IF_FAILED(file->commit());
  return summary;
}

} // namespace dreamer::train

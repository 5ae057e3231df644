// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Tuner/Search.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"
#include <array>

using namespace mlir;

namespace dreamer::tuning {

namespace {

using Contender = std::unique_ptr<Measured>;

/// What runs took. Other work on the machine only makes them longer, so their fastest quarter says more
/// of the kernel than their median, which says what to expect.
class Times {
public:
  void add(double seconds) { sorted.insert(llvm::upper_bound(sorted, seconds), seconds); }
  size_t count() const { return sorted.size(); }
  double median() const { return sorted[sorted.size() / 2]; }
  double quarter() const { return sorted[sorted.size() / 4]; }
  /// Whether these are at most `part` of the others, however one looks at them.
  bool areWithin(double part, const Times &others) const {
    return quarter() <= part * others.quarter() && median() <= part * others.median();
  }

private:
  std::vector<double> sorted;
};

class Search {
public:
  Search(const Task &task, const SearchOptions &options)
      : task(task), options(options),
        parameters(TunableOpInterface(task.isolated.op).getKernelParameters(options.target)) {}

  llvm::Expected<Found> run();

private:
  /// Two that run in turns.
  struct Race {
    Times first, second;
  };
  llvm::Expected<Race> race(Measured &first, Measured &second, double seconds, size_t rounds);
  llvm::Expected<bool> beats(Measured &challenger, Measured &best);
  llvm::Error tryGroup(ArrayRef<KernelParameter> group);
  llvm::Error tryOne(const KernelChoice &choice);
  llvm::Error confirm();
  llvm::Expected<Contender> load(const KernelChoice &choice) {
    return Measured::load(task.isolated, choice, options.target, options.threads);
  }
  bool isTooLarge(const KernelChoice &choice) const;
  bool stopped() const { return options.stop && options.stop(); }
  /// What is faster than its roofline shows that the machine was busy when its peaks were measured.
  bool isAtRoofline(double seconds) const {
    double bound = found.record.boundSeconds;
    return bound <= seconds && seconds * (1 - options.margin) <= bound;
  }

  const Task &task;
  const SearchOptions &options;
  KernelParameters parameters;
  Contender standard, best;           ///< best: null while it is the standard
  llvm::SmallSet<uint64_t, 32> known; ///< fingerprints
  std::vector<std::vector<float>> expected;
  int64_t terms = 1; ///< of the longest sums
  double bestSeconds = 0;
  Found found;
};

llvm::Expected<Search::Race> Search::race(Measured &first, Measured &second, double seconds,
                                          size_t rounds) {
  constexpr size_t mostRounds = 1000;
  Race race;
  double spent = 0;
  while (race.first.count() < rounds ||
         (spent < 2 * seconds && race.first.count() < mostRounds && !stopped())) {
    // Whoever comes first in a round comes second in the next: what one leaves behind is no advantage.
    bool swapped = race.first.count() % 2;
    for (bool isFirst : {!swapped, swapped}) {
      llvm::Expected<double> time = (isFirst ? first : second).run();
      if (!time)
        return time.takeError();
      (isFirst ? race.first : race.second).add(*time);
      spent += *time;
    }
  }
  return race;
}

llvm::Expected<bool> Search::beats(Measured &challenger, Measured &now) {
  // Most candidates are clearly slower: a few runs show it.
  constexpr double clearly = 1.1;
  llvm::Expected<Race> first = race(challenger, now, 0, /*rounds=*/3);
  if (!first)
    return first.takeError();
  if (first->first.quarter() > clearly * first->second.quarter())
    return false;
  for (int batch = 0; batch < 2; ++batch) {
    llvm::Expected<Race> times = race(challenger, now, options.batchSeconds, /*rounds=*/5);
    if (!times)
      return times.takeError();
    if (stopped() || !times->first.areWithin(1 - options.margin, times->second))
      return false;
    bestSeconds = times->first.quarter();
  }
  return true;
}

bool Search::isTooLarge(const KernelChoice &choice) const {
  int64_t bytes = parameters.workingSet(choice);
  return options.mostWorkingSet && bytes > options.mostWorkingSet &&
         bytes > parameters.workingSet({});
}

llvm::Error Search::tryOne(const KernelChoice &choice) {
  llvm::Expected<Contender> challenger = load(choice);
  if (!challenger)
    return challenger.takeError();
  if (!known.insert((*challenger)->getFingerprint()).second)
    return llvm::Error::success(); // a parameter that these kernels do not look at
  if (llvm::Expected<double> first = (*challenger)->run(); !first)
    return first.takeError();
  auto results = (*challenger)->results();
  if (!results)
    return results.takeError();
  ++found.record.tried;
  if (!agree(expected, *results, terms)) {
    found.wrong.push_back(choice);
    return llvm::Error::success();
  }
  double before = bestSeconds;
  llvm::Expected<bool> better = beats(**challenger, best ? *best : *standard);
  if (!better)
    return better.takeError();
  if (*better)
    best = std::move(*challenger);
  else
    bestSeconds = before;
  return llvm::Error::success();
}

llvm::Error Search::tryGroup(ArrayRef<KernelParameter> group) {
  KernelChoice from = best ? best->getChoice() : KernelChoice();
  for (const KernelChoice &combination : parameters.combinations(group, from)) {
    if (stopped() || isAtRoofline(bestSeconds))
      return llvm::Error::success();
    KernelChoice choice = parameters.simplify(combination);
    if (choice == from)
      continue;
    if (!isTooLarge(choice))
      if (llvm::Error error = tryOne(choice))
        return error;
    if (options.tried)
      options.tried();
  }
  return llvm::Error::success();
}

/// What was best against one contender after the other has to be better than the standard again and
/// again, each time in other memory: where it lies can make more of a difference than the choice.
llvm::Error Search::confirm() {
  Record &record = found.record;
  record.seconds = record.standardSeconds;
  if (!best)
    return llvm::Error::success();
  record.choice = best->getChoice();
  const int batches = stopped() ? 1 : 3;
  for (int batch = 0; batch < batches; ++batch) {
    for (Contender *contender :
         batch % 2 ? std::array{&best, &standard} : std::array{&standard, &best}) {
      KernelChoice choice = contender->get()->getChoice();
      contender->reset();
      llvm::Expected<Contender> again = load(choice);
      if (!again)
        return again.takeError();
      *contender = std::move(*again);
      if (llvm::Expected<double> first = (*contender)->run(); !first)
        return first.takeError();
    }
    llvm::Expected<Race> times = race(*best, *standard, options.batchSeconds, /*rounds=*/5);
    if (!times)
      return times.takeError();
    record.standardSeconds = times->second.median();
    record.seconds = times->first.median();
    if (!times->first.areWithin(1 - options.margin, times->second)) {
      record.seconds = record.standardSeconds;
      record.choice.clear();
      return llvm::Error::success();
    }
  }
  return llvm::Error::success();
}

llvm::Expected<Found> Search::run() {
  llvm::Expected<Contender> loaded = load({});
  if (!loaded)
    return loaded.takeError();
  standard = std::move(*loaded);
  known.insert(standard->getFingerprint());
  if (llvm::Expected<double> first = standard->run(); !first)
    return first.takeError();
  auto results = standard->results();
  if (!results)
    return results.takeError();
  expected = std::move(*results);
  for (const std::vector<float> &result : expected)
    if (!result.empty())
      terms = std::max(terms, task.flops / 2 / static_cast<int64_t>(result.size()));
  llvm::Expected<Race> times = race(*standard, *standard, options.batchSeconds / 2, /*rounds=*/3);
  if (!times)
    return times.takeError();
  Record &record = found.record;
  record.threads = standard->threads();
  record.boundSeconds = standard->bound(options.machine);
  record.standardSeconds = times->first.median();
  bestSeconds = times->first.quarter();
  for (ArrayRef<KernelParameter> group : parameters.getGroups())
    if (llvm::Error error = tryGroup(group))
      return std::move(error);
  record.finished = !stopped();
  if (llvm::Error error = confirm())
    return std::move(error);
  return std::move(found);
}

} // namespace

llvm::Expected<Found> search(const Task &task, const SearchOptions &options) {
  return Search(task, options).run();
}

int64_t countCandidates(const Task &task, const KernelTarget &target) {
  KernelParameters parameters = TunableOpInterface(task.isolated.op).getKernelParameters(target);
  int64_t count = 0;
  for (ArrayRef<KernelParameter> group : parameters.getGroups())
    count += static_cast<int64_t>(parameters.combinations(group, {}).size()) - 1;
  return count;
}

} // namespace dreamer::tuning

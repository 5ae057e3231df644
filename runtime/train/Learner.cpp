// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Learner.h"

#include <cmath>

namespace dreamer::train {

std::vector<double> ExpertLoad::effectiveExperts() const {
  std::vector<double> result;
  for (int64_t depth = 0; depth < depths; ++depth) {
    auto row = std::span(counts).subspan(static_cast<size_t>(depth * experts),
                                         static_cast<size_t>(experts));
    double sum = 0.0, entropy = 0.0;
    for (int32_t count : row)
      sum += count;
    if (sum == 0.0)
      break; // this depth and all later ones were not executed
    for (int32_t count : row)
      if (count > 0)
        entropy -= count / sum * std::log(count / sum);
    result.push_back(std::exp(entropy));
  }
  return result;
}

std::vector<int64_t> ExpertLoad::total() const {
  std::vector<int64_t> sums(static_cast<size_t>(experts));
  for (size_t i = 0; i < counts.size(); ++i)
    sums[i % sums.size()] += counts[i];
  return sums;
}

} // namespace dreamer::train

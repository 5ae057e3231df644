// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Loss and exact answers on data that is not trained on.

#ifndef DREAMER_RUNTIME_TRAIN_EVALUATE_H
#define DREAMER_RUNTIME_TRAIN_EVALUATE_H

#include "runtime/train/Learner.h"

#include <functional>
#include <map>

namespace dreamer::train {

/// Problems with the same number of steps.
struct AnswerTally {
  int64_t rows = 0;
  /// Rows all of whose counted positions have the target as the likeliest token: exactly those that
  /// greedy generation answers right, since it then sees the same tokens.
  int64_t exact = 0;
  std::map<std::string, int64_t> answers;

  double accuracy() const {
    return rows ? static_cast<double>(exact) / static_cast<double>(rows) : 0;
  }
  /// The share of the commonest answer: what guessing reaches.
  double chance() const;
};

struct Evaluation {
  int64_t rows = 0;
  int64_t targets = 0;  ///< counted positions
  double lossSum = 0.0; ///< nats over all counted positions, in f64
  double bytes = 0.0;   ///< of text behind the counted positions; 0 for rows
  AnswerTally answers;  ///< all rows that are problems
  std::map<int64_t, AnswerTally> bySteps;

  double loss() const { return targets ? lossSum / static_cast<double>(targets) : 0.0; }
  double bitsPerByte() const;
};

/// One counted position.
struct PositionScore {
  int64_t row;
  int64_t position;
  int32_t token;
  int32_t target;
  float loss;     ///< nats
  int32_t likely; ///< the likeliest token
};

struct EvaluateOptions {
  int64_t maxRows = 0; ///< 0: all, else at most so many, spread evenly
  int64_t bytes = 0;   ///< bytes of text in the examples, for bits a byte
  int32_t pad = 0;
  std::function<void(const PositionScore &)> onPosition;       ///< optional
  std::function<void(int64_t done, int64_t total)> onProgress; ///< optional, after each batch
  std::function<bool()> stop;                                  ///< optional: true ends it early
};

Result<Evaluation> evaluate(Learner &learner, const Examples &examples,
                            const EvaluateOptions &options);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_EVALUATE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What training and evaluation ask of a model: a package's session, or anything that learns.

#ifndef DREAMER_RUNTIME_TRAIN_LEARNER_H
#define DREAMER_RUNTIME_TRAIN_LEARNER_H

#include "runtime/core/Bundle.h"
#include "runtime/core/Manifest.h"
#include "runtime/train/Order.h"

namespace dreamer::train {

struct ModelShape {
  int64_t batch = 0;      ///< B
  int64_t context = 0;    ///< T
  int64_t vocabulary = 0; ///< V
  std::vector<runtime::BlockSpec> blocks;
};

/// How often each expert was chosen in one step.
struct ExpertLoad {
  std::string layer;           ///< "<block>", or "<block>.<index>" in a group
  int64_t depths = 0;          ///< D
  int64_t experts = 0;         ///< N
  std::vector<int32_t> counts; ///< [D,N]

  /// exp(entropy) of the load at each depth that was executed: N if all experts are used evenly.
  std::vector<double> effectiveExperts() const;
  /// Choices of each expert over all depths, [N].
  std::vector<int64_t> total() const;
};

struct StepOutcome {
  double loss = 0.0;
  double norm = 0.0;
  bool skipped = false; ///< the gradient norm was not finite: nothing has changed
  std::vector<ExpertLoad> loads;
};

/// Views of what the last `score` left; the next call changes them.
struct ScoreOutcome {
  double loss = 0.0;
  std::span<const float> logits;    ///< [B,T,V]
  std::span<const float> tokenLoss; ///< [B,T], 0 where the target is -1
};

class Learner {
public:
  virtual ~Learner() = default;

  virtual const ModelShape &shape() const = 0;
  /// One optimizer step on the batch: `step` = 1, 2, ...
  virtual Result<StepOutcome> trainStep(const Batch &batch, int64_t step, double rate) = 0;
  virtual Result<ScoreOutcome> score(const Batch &batch) = 0;
  /// Views of all parameters and, if they are asked for, moments ("moment1.<parameter>", ...).
  virtual Result<runtime::Bundle> state(bool withMoments) = 0;
  /// Copies parameters and, if they are asked for, moments in.
  virtual Status load(const runtime::Bundle &state, bool withMoments) = 0;
  /// The depth of a block from now on, 1 to the compiled one.
  virtual Status setDepth(const std::string &block, int64_t depth) = 0;
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_LEARNER_H

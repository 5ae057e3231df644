// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The training loop.

#ifndef DREAMER_RUNTIME_TRAIN_TRAINER_H
#define DREAMER_RUNTIME_TRAIN_TRAINER_H

#include "runtime/train/Checkpoint.h"
#include "runtime/train/Evaluate.h"

namespace dreamer::train {

struct TrainSettings {
  int64_t steps = 0;          ///< train until so many steps are done, counted from the very first
  int64_t evaluateEvery = 0;  ///< steps between evaluations of held-out data; 0: only at the end
  int64_t evaluateRows = 0;   ///< rows of an evaluation on the way, 0: all. The last one takes all.
  int64_t saveEvery = 0;      ///< steps between checkpoints; 0: only at the end
  std::string out;            ///< the checkpoint; "" for none
  bool outHoldsStart = false; ///< `out` is the checkpoint that this run goes on from
  int32_t pad = 0;
};

/// One training step, for logs.
struct StepRecord {
  int64_t step = 0;
  double rate = 0.0;
  double seconds = 0.0;
  int64_t tokens = 0; ///< positions computed in this step
  TrainProgress progress;
  StepOutcome outcome;
};

/// Why training stopped.
enum class TrainEnd { Finished, Interrupted };

/// Who wants to know how training goes. A failure stops it, after a last checkpoint.
class TrainObserver {
public:
  virtual ~TrainObserver() = default;
  virtual Status onStep(const StepRecord &record) = 0;
  virtual Status onEvaluation(int64_t step, const Evaluation &evaluation) = 0;
  virtual Status onSave(int64_t step, const std::string &path) = 0;
};

/// Trains from `info.progress` on, and leaves there how far it came. `interrupted` is asked between
/// steps: when it says yes, a checkpoint is saved and training stops.
///
/// Fails if the loss is not finite, in training or on held-out data, or if the gradient norm has not
/// been finite for `maxSkippedInARow` steps. No checkpoint is saved then, nor one with parameters
/// that are not finite: the last one on the disk is good.
class Trainer {
public:
  static constexpr int64_t maxSkippedInARow = 50;

  Trainer(Learner &learner, const Data &data, TrainSettings settings, CheckpointInfo &info,
          std::vector<TrainObserver *> observers, std::function<bool()> interrupted);

  Result<TrainEnd> run();

private:
  Status trainOneStep();
  Status evaluateHeldOut(bool all);
  Status save();
  Status notify(const std::function<Status(TrainObserver &)> &tell);
  Status checkOutcome(const StepOutcome &outcome);
  Status diverged(std::string_view expected, std::string_view found) const;

  Learner &learner;
  const Data &data;
  TrainSettings settings;
  CheckpointInfo &info;
  std::vector<TrainObserver *> observers;
  std::function<bool()> interrupted;
  DataOrder order;
  Batch batch;
  int64_t skippedInARow = 0;
  int64_t savedStep = -1;
  int64_t evaluatedStep = -1;
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_TRAINER_H

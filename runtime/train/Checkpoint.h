// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A training run on disk: parameters and optimizer state as safetensors, with all that is needed to
// go on as if it had never stopped.

#ifndef DREAMER_RUNTIME_TRAIN_CHECKPOINT_H
#define DREAMER_RUNTIME_TRAIN_CHECKPOINT_H

#include "runtime/core/Bundle.h"
#include "runtime/train/Schedule.h"
#include "runtime/train/Text.h"

namespace dreamer::train {

/// How far a run has come.
struct TrainProgress {
  int64_t step = 0;       ///< steps done, skipped ones included
  int64_t rowsSeen = 0;   ///< place in the data's order
  int64_t tokensSeen = 0; ///< positions computed, padding included
  int64_t skipped = 0;    ///< steps whose gradient norm was not finite
};

/// What data a run is on: enough to find its held-out part again, and to notice other data.
struct DataIdentity {
  std::string kind; ///< "text", "problems", "tokens"
  uint64_t fingerprint = 0;
  double heldOut = 0.1;
  std::string tokenizer = "bytes"; ///< as given to --tokenizer

  bool operator==(const DataIdentity &) const = default;
};

/// The metadata of a checkpoint.
struct CheckpointInfo {
  std::string model;
  std::string description; ///< the model's description, YAML
  uint64_t seed = 0;
  TrainProgress progress;
  RateSchedule schedule;
  DataIdentity data;
};

/// Writes `state` and `info`. Until all of it is on the disk, `path` holds what it held before.
Status saveCheckpoint(const std::string &path, const runtime::Bundle &state,
                      const CheckpointInfo &info);

/// The metadata of a checkpoint that was opened from `path`; fails if it is weights alone.
Result<CheckpointInfo> readCheckpointInfo(const runtime::Bundle &checkpoint,
                                          const std::string &path);

/// The same if it is there.
std::optional<CheckpointInfo> findCheckpointInfo(const runtime::Bundle &checkpoint);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_CHECKPOINT_H

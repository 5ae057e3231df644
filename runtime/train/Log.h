// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The log of a training run: JSONL, one object a line.
//
//   {"event": "start", "description", "model", "seed", "versions", "tokens_seen", "step", ...}
//   {"event": "step", "step", "loss", "norm", "rate", "tokens_per_second", "tokens_seen", "skipped_steps",
//    "expert_load": {"core": [N]}, "effective_experts": {"core": [D]}}
//   {"event": "evaluation", "step", "loss", "bits_per_byte" | "accuracy", "chance", "accuracy_by_steps"}
//   {"event": "save", "step", "path"}
//   {"event": "end", "reason", "step"}
//
// A resumed run appends: another start line, then its steps.

#ifndef DREAMER_RUNTIME_TRAIN_LOG_H
#define DREAMER_RUNTIME_TRAIN_LOG_H

#include "runtime/train/Trainer.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace dreamer::train {

using OrderedJson = nlohmann::ordered_json;

/// On one line; bytes that are not UTF-8 (file names) are replaced.
std::string dumpLine(const OrderedJson &object);

/// What evaluations report, the same in logs and in `score --format=json`.
OrderedJson describeEvaluation(const Evaluation &evaluation);

class TrainLog final : public TrainObserver {
public:
  /// Starts a new file, or goes on at the end of the one that is there.
  static Result<std::unique_ptr<TrainLog>> open(const std::string &path, bool append);

  /// Writes one line and hands it to the operating system.
  Status write(const OrderedJson &object);
  Status onStep(const StepRecord &record) override;
  Status onEvaluation(int64_t step, const Evaluation &evaluation) override;
  Status onSave(int64_t step, const std::string &path) override;

private:
  struct Close {
    void operator()(FILE *file) const { fclose(file); }
  };
  std::string path;
  std::unique_ptr<FILE, Close> file;
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_LOG_H

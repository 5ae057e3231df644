// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A package's session as something that learns and speaks.

#ifndef DREAMER_RUNTIME_TRAIN_PACKAGEMODEL_H
#define DREAMER_RUNTIME_TRAIN_PACKAGEMODEL_H

#include "runtime/core/Call.h"
#include "runtime/train/Generate.h"
#include "runtime/train/Learner.h"

#include <map>

namespace dreamer::train {

/// Entries are set up when they are first used, so that a package without `train_step` can still
/// score, and one without `decode` can train.
class PackageModel final : public Learner, public Speaker {
public:
  explicit PackageModel(std::shared_ptr<runtime::Session> session);

  runtime::Session &session() { return *theSession; }
  /// The call of an entry, made on first use, with the depths that were chosen.
  Result<runtime::Call *> call(const std::string &entry);

  const ModelShape &shape() const override { return theShape; }
  Result<StepOutcome> trainStep(const Batch &batch, int64_t step, double rate) override;
  Result<ScoreOutcome> score(const Batch &batch) override;
  Result<runtime::Bundle> state(bool withMoments) override;
  Status load(const runtime::Bundle &state, bool withMoments) override;
  Status setDepth(const std::string &block, int64_t depth) override;

  int64_t batch() const override { return theShape.batch; }
  int64_t context() const override { return theShape.context; }
  int64_t vocabulary() const override { return theShape.vocabulary; }
  Result<std::span<const float>> prefill(std::span<const int32_t> tokens,
                                         std::span<const int32_t> lengths) override;
  Result<std::span<const float>> decode(std::span<const int32_t> token,
                                        std::span<const int32_t> position) override;

private:
  Status setDepths(runtime::Call &call);

  std::shared_ptr<runtime::Session> theSession;
  ModelShape theShape;
  std::map<std::string, std::unique_ptr<runtime::Call>> calls;
  std::map<std::string, int64_t> depths; ///< by block, where one was chosen
};

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_PACKAGEMODEL_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// In which order training sees its data: a function of the seed and the step alone, so that a
// resumed run goes on exactly where it stopped.

#ifndef DREAMER_RUNTIME_TRAIN_ORDER_H
#define DREAMER_RUNTIME_TRAIN_ORDER_H

#include "runtime/train/Data.h"

namespace dreamer::train {

/// Every epoch is a random permutation of the rows; rows are taken from the epochs laid end to end.
class DataOrder {
public:
  DataOrder(uint64_t seed, int64_t size, int64_t shifts) : seed(seed), size(size), shifts(shifts) {}

  struct Place {
    int64_t index; ///< which row
    int64_t shift; ///< of the epoch, see Examples::writeShifted
  };
  /// The row at `position` = 0, 1, ... of the whole training.
  Place at(int64_t position);

private:
  void shuffle(int64_t epoch);

  uint64_t seed;
  int64_t size;
  int64_t shifts;
  int64_t shuffledEpoch = -1;
  int64_t shift = 0;
  std::vector<int64_t> permutation;
};

/// Tokens and targets of one step, [B,T] each.
struct Batch {
  int64_t batch = 0;
  int64_t context = 0;
  int64_t rows = 0; ///< rows in use; the rest is padding
  std::vector<int32_t> tokens;
  std::vector<int32_t> targets;

  Batch(int64_t batch, int64_t context)
      : batch(batch), context(context), tokens(static_cast<size_t>(batch * context)),
        targets(static_cast<size_t>(batch * context)) {}

  std::span<int32_t> tokenRow(int64_t row) { return slice(tokens, row); }
  std::span<int32_t> targetRow(int64_t row) { return slice(targets, row); }
  /// Positions whose target counts.
  int64_t countTargets() const;

private:
  std::span<int32_t> slice(std::vector<int32_t> &from, int64_t row) const {
    return std::span(from).subspan(static_cast<size_t>(row * context),
                                   static_cast<size_t>(context));
  }
};

/// Fills a batch with the rows at `position`.. of the training's order.
void fillTrainingBatch(const Examples &examples, DataOrder &order, int64_t position, Batch &batch);

/// Fills a batch for evaluation with the rows named by `indices`, at most B of them; the other rows
/// are padding, with targets -1.
void fillEvaluationBatch(const Examples &examples, std::span<const int64_t> indices, int32_t pad,
                         Batch &batch);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_ORDER_H

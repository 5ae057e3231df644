// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Order.h"

#include "runtime/train/Random.h"

#include <algorithm>
#include <numeric>

namespace dreamer::train {

void DataOrder::shuffle(int64_t epoch) {
  RandomSequence random(seed, DREAMER_RANDOM_DATA_ORDER, static_cast<uint32_t>(epoch));
  shift = static_cast<int64_t>(random.below(static_cast<uint64_t>(shifts)));
  permutation.resize(static_cast<size_t>(size));
  std::iota(permutation.begin(), permutation.end(), int64_t{0});
  for (size_t i = permutation.size(); i > 1; --i) // Fisher and Yates
    std::swap(permutation[i - 1], permutation[random.below(i)]);
  shuffledEpoch = epoch;
}

DataOrder::Place DataOrder::at(int64_t position) {
  int64_t epoch = position / size;
  if (epoch != shuffledEpoch)
    shuffle(epoch);
  return {permutation[static_cast<size_t>(position % size)], shift};
}

int64_t Batch::countTargets() const {
  return std::count_if(targets.begin(), targets.end(), [](int32_t target) { return target >= 0; });
}

void fillTrainingBatch(const Examples &examples, DataOrder &order, int64_t position, Batch &batch) {
  batch.rows = batch.batch;
  for (int64_t row = 0; row < batch.batch; ++row) {
    DataOrder::Place place = order.at(position + row);
    examples.writeShifted(place.index, place.shift, batch.tokenRow(row), batch.targetRow(row));
  }
}

void fillEvaluationBatch(const Examples &examples, std::span<const int64_t> indices, int32_t pad,
                         Batch &batch) {
  batch.rows = static_cast<int64_t>(indices.size());
  for (int64_t row = 0; row < batch.batch; ++row) {
    if (row < batch.rows) {
      examples.write(indices[static_cast<size_t>(row)], batch.tokenRow(row), batch.targetRow(row));
      continue;
    }
    std::ranges::fill(batch.tokenRow(row), pad);
    std::ranges::fill(batch.targetRow(row), -1);
  }
}

} // namespace dreamer::train

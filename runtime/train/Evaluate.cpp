// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Evaluate.h"

#include <algorithm>
#include <numbers>

namespace dreamer::train {
namespace {

/// Adds row `row` of the batch; true if every counted position has its target as likeliest token.
bool addRow(Evaluation &sum, const ScoreOutcome &scored, const ModelShape &shape, Batch &batch,
            int64_t row, int64_t index, const EvaluateOptions &options) {
  bool exact = true;
  for (int64_t t = 0; t < shape.context; ++t) {
    auto place = static_cast<size_t>(row * shape.context + t);
    int32_t target = batch.targets[place];
    if (target < 0)
      continue;
    auto logits = scored.logits.subspan(place * static_cast<size_t>(shape.vocabulary),
                                        static_cast<size_t>(shape.vocabulary));
    auto likely = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
    exact &= likely == target;
    ++sum.targets;
    sum.lossSum += static_cast<double>(scored.tokenLoss[place]);
    if (options.onPosition)
      options.onPosition({index, t, batch.tokens[place], target, scored.tokenLoss[place], likely});
  }
  return exact;
}

void tally(AnswerTally &into, const std::string &answer, bool exact) {
  ++into.rows;
  into.exact += exact ? 1 : 0;
  ++into.answers[answer];
}

} // namespace

double AnswerTally::chance() const {
  int64_t most = 0;
  for (const auto &[answer, count] : answers)
    most = std::max(most, count);
  return rows ? static_cast<double>(most) / static_cast<double>(rows) : 0.0;
}

double Evaluation::bitsPerByte() const {
  return bytes > 0 ? lossSum / std::numbers::ln2 / bytes : 0.0;
}

Result<Evaluation> evaluate(Learner &learner, const Examples &examples,
                            const EvaluateOptions &options) {
  const ModelShape &shape = learner.shape();
  int64_t size = examples.size();
  int64_t total = options.maxRows > 0 ? std::min(options.maxRows, size) : size;
  Batch batch(shape.batch, shape.context);
  Evaluation sum;
  std::vector<int64_t> indices;
  for (int64_t first = 0; first < total; first += shape.batch) {
    if (options.stop && options.stop())
      break;
    indices.clear();
    for (int64_t i = first; i < std::min(total, first + shape.batch); ++i)
      indices.push_back(total == size ? i : i * size / total);
    fillEvaluationBatch(examples, indices, options.pad, batch);
    Result<ScoreOutcome> scored = learner.score(batch);
    if (scored.failed())
      return scored.status();
    for (size_t row = 0; row < indices.size(); ++row) {
      bool exact =
          addRow(sum, *scored, shape, batch, static_cast<int64_t>(row), indices[row], options);
      ++sum.rows;
      const Row *source = examples.row(indices[row]);
      if (!source || source->answer.empty())
        continue;
      tally(sum.answers, source->answer, exact);
      tally(sum.bySteps[source->steps], source->answer, exact);
    }
    if (options.onProgress)
      options.onProgress(sum.rows, total);
  }
  if (examples.textTokens() > 0)
    sum.bytes = static_cast<double>(options.bytes) * static_cast<double>(sum.targets) /
                static_cast<double>(examples.textTokens());
  return sum;
}

} // namespace dreamer::train

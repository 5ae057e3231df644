// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Generate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace dreamer::train {

Result<int32_t> Sampler::pick(std::span<const float> logits) {
  for (size_t i = 0; i < logits.size(); ++i)
    if (std::isnan(logits[i]) || logits[i] == INFINITY)
      return failure(DREAMER_OUT_OF_RANGE, "sampling", "finite logits",
                     text(formatNumber(logits[i]), " for token ", i), "are the weights sound?");
  if (options.temperature <= 0.0)
    return static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto logit = [&](int32_t token) { return logits[static_cast<size_t>(token)]; };
  auto likelier = [&](int32_t a, int32_t b) {
    return logit(a) > logit(b) || (logit(a) == logit(b) && a < b);
  };
  size_t kept =
      options.topK > 0 ? std::min(static_cast<size_t>(options.topK), order.size()) : order.size();
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(kept), order.end(),
                    likelier);
  std::vector<double> weights(kept);
  double sum = 0.0;
  for (size_t i = 0; i < kept; ++i)
    sum += weights[i] =
        std::exp(static_cast<double>(logit(order[i]) - logit(order[0])) / options.temperature);
  double left = random.unit() * sum;
  for (size_t i = 0; i + 1 < kept; ++i) {
    if (left < weights[i])
      return order[i];
    left -= weights[i];
  }
  return order[kept - 1];
}

namespace {

/// The sequences of one batch while they grow.
struct Sequences {
  std::vector<std::vector<int32_t>> continuations;
  std::vector<int32_t> token;    ///< [B] the last token of each row
  std::vector<int32_t> position; ///< [B] where it stands
  std::vector<bool> done;        ///< [prompts]

  bool allDone() const { return std::ranges::find(done, false) == done.end(); }
};

Status checkPrompts(const Speaker &speaker, const std::vector<std::vector<int32_t>> &prompts) {
  if (prompts.empty() || static_cast<int64_t>(prompts.size()) > speaker.batch())
    return failure(DREAMER_INVALID_ARGUMENT, "generation",
                   text("1 to ", speaker.batch(), " prompts (the batch of the package)"),
                   text(prompts.size()));
  for (const std::vector<int32_t> &prompt : prompts)
    if (prompt.empty() || static_cast<int64_t>(prompt.size()) > speaker.context())
      return failure(DREAMER_OUT_OF_RANGE, "prompt",
                     text("1 to ", speaker.context(), " tokens (the context of the package)"),
                     text(prompt.size(), " with the begin token"),
                     text("shorten it, or compile the package with --context=", prompt.size() + 1,
                          " or more"));
  return {};
}

/// Reads all prompts; rows without one hold a single pad token.
Result<std::span<const float>> readPrompts(Speaker &speaker,
                                           const std::vector<std::vector<int32_t>> &prompts,
                                           int32_t pad, Sequences &rows) {
  auto batch = static_cast<size_t>(speaker.batch()),
       context = static_cast<size_t>(speaker.context());
  std::vector<int32_t> tokens(batch * context, pad), lengths(batch, 1);
  for (size_t row = 0; row < prompts.size(); ++row) {
    std::ranges::copy(prompts[row], tokens.begin() + static_cast<ptrdiff_t>(row * context));
    lengths[row] = static_cast<int32_t>(prompts[row].size());
  }
  rows.continuations.resize(prompts.size());
  rows.done.assign(prompts.size(), false);
  rows.token.assign(batch, pad);
  rows.position.assign(batch, 0);
  for (size_t row = 0; row < batch; ++row)
    rows.position[row] = lengths[row] - 1;
  return speaker.prefill(tokens, lengths);
}

} // namespace

Result<std::vector<std::vector<int32_t>>>
generate(Speaker &speaker, const std::vector<std::vector<int32_t>> &prompts,
         const GenerateOptions &options, const std::function<void(size_t, int32_t)> &onToken) {
  DREAMER_RETURN_IF_FAILED(checkPrompts(speaker, prompts));
  std::vector<Sampler> samplers;
  for (size_t row = 0; row < prompts.size(); ++row)
    samplers.emplace_back(options.sample, static_cast<uint32_t>(row));
  Sequences rows;
  auto vocabulary = static_cast<size_t>(speaker.vocabulary());
  Result<std::span<const float>> logits = readPrompts(speaker, prompts, options.pad, rows);
  while (true) {
    if (logits.failed())
      return logits.status();
    for (size_t row = 0; row < prompts.size(); ++row) {
      if (rows.done[row])
        continue;
      Result<int32_t> token = samplers[row].pick(logits->subspan(row * vocabulary, vocabulary));
      if (token.failed())
        return token.status();
      rows.done[row] = *token == options.end ||
                       static_cast<int64_t>(rows.continuations[row].size()) >= options.maxTokens;
      if (rows.done[row])
        continue;
      rows.continuations[row].push_back(*token);
      if (onToken)
        onToken(row, *token);
      rows.token[row] = *token;
      // the token just drawn is read next, if there is room for it and something to come after it
      rows.done[row] = static_cast<int64_t>(rows.continuations[row].size()) >= options.maxTokens ||
                       rows.position[row] + 1 >= speaker.context();
      if (!rows.done[row])
        ++rows.position[row];
    }
    if (rows.allDone() || (options.stop && options.stop()))
      return std::move(rows.continuations);
    logits = speaker.decode(rows.token, rows.position);
  }
}

} // namespace dreamer::train

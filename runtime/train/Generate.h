// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Continuing prompts, token by token.

#ifndef DREAMER_RUNTIME_TRAIN_GENERATE_H
#define DREAMER_RUNTIME_TRAIN_GENERATE_H

#include "runtime/train/Random.h"
#include "runtime/train/Text.h"

#include <functional>
#include <span>
#include <vector>

namespace dreamer::train {

struct SampleOptions {
  double temperature = 0.0; ///< 0: always the likeliest token
  int64_t topK = 0;         ///< draw among so many likeliest tokens; 0: all
  uint64_t seed = 0;
};

/// Draws tokens of one sequence; what it draws depends on the options, `sequence` and the logits.
class Sampler {
public:
  Sampler(const SampleOptions &options, uint32_t sequence)
      : options(options), random(options.seed, DREAMER_RANDOM_SAMPLING, sequence) {}

  /// `logits` is [V]. Ties go to the lower token. Fails if a logit is not a number.
  Result<int32_t> pick(std::span<const float> logits);

private:
  SampleOptions options;
  RandomSequence random;
};

/// What generation asks of a model: prompts in, then one token at a time.
class Speaker {
public:
  virtual ~Speaker() = default;
  virtual int64_t batch() const = 0;      ///< B
  virtual int64_t context() const = 0;    ///< T
  virtual int64_t vocabulary() const = 0; ///< V
  /// Reads tokens [B,T], of which the first lengths [B] of each row count. Logits [B,V] after the
  /// last of them; valid until the next call.
  virtual Result<std::span<const float>> prefill(std::span<const int32_t> tokens,
                                                 std::span<const int32_t> lengths) = 0;
  /// Reads one more token [B] of each row, at its position [B].
  virtual Result<std::span<const float>> decode(std::span<const int32_t> token,
                                                std::span<const int32_t> position) = 0;
};

struct GenerateOptions {
  SampleOptions sample;
  int64_t maxTokens = 0; ///< of each continuation
  int32_t end = -1;      ///< the token that ends a continuation (not part of it)
  int32_t pad = 0;
  std::function<bool()> stop; ///< optional: true ends all continuations
};

/// Continues up to B prompts at once; they are tokens with the begin token. `onToken(prompt, token)`
/// sees every token as it comes. A continuation ends at the end token, after maxTokens, or where the
/// context is full.
Result<std::vector<std::vector<int32_t>>>
generate(Speaker &speaker, const std::vector<std::vector<int32_t>> &prompts,
         const GenerateOptions &options, const std::function<void(size_t, int32_t)> &onToken);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_GENERATE_H

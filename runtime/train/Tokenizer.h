// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Text and its tokens.

#ifndef DREAMER_RUNTIME_TRAIN_TOKENIZER_H
#define DREAMER_RUNTIME_TRAIN_TOKENIZER_H

#include "runtime/train/Text.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dreamer::train {

/// Cuts text into tokens 0..vocabularySize()-1 and puts it together again.
class Tokenizer {
public:
  virtual ~Tokenizer() = default;

  /// "bytes" or "sentencepiece"
  virtual std::string name() const = 0;
  virtual int32_t vocabularySize() const = 0;
  virtual int32_t beginToken() const = 0;
  virtual int32_t endToken() const = 0;
  virtual int32_t padToken() const = 0;

  /// The tokens of UTF-8 text, without begin and end.
  virtual std::vector<int32_t> encode(std::string_view text) const = 0;
  /// The text of tokens. Special tokens and tokens outside the vocabulary give nothing.
  virtual std::string decode(std::span<const int32_t> tokens) const = 0;
};

/// Bytes are tokens 0-255; 256 begin, 257 end, 258 pad, 259 reserved.
class ByteTokenizer final : public Tokenizer {
public:
  static constexpr int32_t begin = 256, end = 257, pad = 258, size = 260;

  std::string name() const override { return "bytes"; }
  int32_t vocabularySize() const override { return size; }
  int32_t beginToken() const override { return begin; }
  int32_t endToken() const override { return end; }
  int32_t padToken() const override { return pad; }
  std::vector<int32_t> encode(std::string_view text) const override;
  std::string decode(std::span<const int32_t> tokens) const override;
};

/// Reads a SentencePiece model file. Begin and end are the model's own; padding is its pad token,
/// or the end token.
Result<std::unique_ptr<Tokenizer>> openSentencePiece(const std::string &path);

/// The tokenizer called `name`: "" or "bytes", else the path of a SentencePiece model. Fails if its
/// tokens do not fit a model with `vocabulary` entries.
Result<std::unique_ptr<Tokenizer>> openTokenizer(const std::string &name, int64_t vocabulary);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_TOKENIZER_H

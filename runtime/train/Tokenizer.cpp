// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Tokenizer.h"

#include "runtime/train/Text.h"

namespace dreamer::train {

std::vector<int32_t> ByteTokenizer::encode(std::string_view text) const {
  std::vector<int32_t> tokens(text.size());
  for (size_t i = 0; i < text.size(); ++i)
    tokens[i] = static_cast<unsigned char>(text[i]);
  return tokens;
}

std::string ByteTokenizer::decode(std::span<const int32_t> tokens) const {
  std::string text;
  for (int32_t token : tokens)
    if (token >= 0 && token < 256)
      text += static_cast<char>(token);
  return text;
}

Result<std::unique_ptr<Tokenizer>> openTokenizer(const std::string &name, int64_t vocabulary) {
  std::unique_ptr<Tokenizer> tokenizer;
  if (name.empty() || name == "bytes") {
    tokenizer = std::make_unique<ByteTokenizer>();
  } else {
    Result<std::unique_ptr<Tokenizer>> opened = openSentencePiece(name);
    if (opened.failed())
      return opened.status();
    tokenizer = std::move(*opened);
  }
  if (tokenizer->vocabularySize() > vocabulary)
    return failure(DREAMER_MISMATCH, text("tokenizer ", tokenizer->name()),
                   text("at most ", vocabulary, " tokens, the vocabulary of the package"),
                   tokenizer->vocabularySize() == ByteTokenizer::size
                       ? "260 (bytes and specials)"
                       : text(tokenizer->vocabularySize()),
                   text("compile the model with vocab_size: ", tokenizer->vocabularySize(),
                        " or name another tokenizer with --tokenizer"));
  return tokenizer;
}

} // namespace dreamer::train

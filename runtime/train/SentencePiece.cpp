// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// SentencePiece models, through their own library.

#include "runtime/core/File.h"
#include "runtime/train/Tokenizer.h"

#include <sentencepiece_processor.h>

namespace dreamer::train {
namespace {

class SentencePieceTokenizer final : public Tokenizer {
public:
  sentencepiece::SentencePieceProcessor processor;

  std::string name() const override { return "sentencepiece"; }
  int32_t vocabularySize() const override { return processor.GetPieceSize(); }
  int32_t beginToken() const override { return processor.bos_id(); }
  int32_t endToken() const override { return processor.eos_id(); }
  int32_t padToken() const override {
    return processor.pad_id() >= 0 ? processor.pad_id() : processor.eos_id();
  }

  std::vector<int32_t> encode(std::string_view text) const override {
    std::vector<int> ids;
    if (!processor.Encode(absl::string_view(text.data(), text.size()), &ids).ok())
      ids.clear();
    return {ids.begin(), ids.end()};
  }

  std::string decode(std::span<const int32_t> tokens) const override {
    std::vector<int> ids;
    for (int32_t token : tokens)
      if (token >= 0 && token < vocabularySize() && !processor.IsControl(token))
        ids.push_back(token);
    std::string text;
    if (!processor.Decode(ids, &text).ok())
      text.clear();
    return text;
  }
};

} // namespace

Result<std::unique_ptr<Tokenizer>> openSentencePiece(const std::string &path) {
  auto file = runtime::MappedFile::open(path);
  if (file.failed())
    return file.status();
  auto bytes = (*file)->bytes();
  absl::string_view model(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  auto tokenizer = std::make_unique<SentencePieceTokenizer>();
  sentencepiece::util::Status status = tokenizer->processor.LoadFromSerializedProto(model);
  if (!status.ok())
    return failure(DREAMER_BAD_FILE, path, "a SentencePiece model", "something else",
                   "--tokenizer takes `bytes` or the path of a SentencePiece .model file");
  if (tokenizer->beginToken() < 0 || tokenizer->endToken() < 0)
    return failure(DREAMER_BAD_FILE, path, "a model with begin and end tokens",
                   text("begin ", tokenizer->beginToken(), ", end ", tokenizer->endToken()),
                   "train the tokenizer with --bos_id and --eos_id");
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

} // namespace dreamer::train

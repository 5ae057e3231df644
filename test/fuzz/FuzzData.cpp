// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes are training data, as text and as JSON lines, or refused with a message. What is read are
// tokens of the vocabulary, and text comes back from its tokens.

#include "runtime/train/Data.h"

#include <cstdlib>

using namespace dreamer::train;

namespace {

constexpr int64_t context = 12;

void require(bool condition) {
  if (!condition)
    abort();
}

void readRows(const Examples &examples) {
  std::vector<int32_t> tokens(context), targets(context);
  for (int64_t i = 0; i < examples.size(); ++i) {
    examples.write(i, tokens, targets);
    for (int64_t t = 0; t < context; ++t) {
      require(tokens[t] >= 0 && tokens[t] < ByteTokenizer::size);
      require(targets[t] >= -1 && targets[t] < ByteTokenizer::size);
    }
  }
}

} // namespace

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
                                                                             size_t size) {
  std::string_view content(reinterpret_cast<const char *>(data), size);
  ByteTokenizer tokenizer;
  require(tokenizer.decode(tokenizer.encode(content)) == content);
  for (DataFormat format : {DataFormat::Text, DataFormat::JsonLines}) {
    DataOptions options;
    options.context = context;
    options.vocabulary = ByteTokenizer::size;
    options.format = format;
    auto parsed = parseData(content, "fuzz", tokenizer, options);
    require(parsed.ok() || !parsed.status().message().empty());
    if (parsed.failed())
      continue;
    for (const auto *part : {&parsed->train, &parsed->heldOut})
      if (*part)
        readRows(**part);
  }
  return 0;
}

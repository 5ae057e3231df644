// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run generate

#include "Common.h"
#include "runtime/core/Utf8.h"

#include <algorithm>
#include <iostream>
#include <iterator>

namespace dreamer::run {
namespace {

struct GenerateOptions {
  PackageOptions package;
  WeightsOptions weights;
  std::string profile;
  std::optional<std::string> tokenizer;
  std::vector<std::string> prompts;
  int64_t maxTokens = 256;
  train::SampleOptions sample;
};

/// Bytes that are not UTF-8 as U+FFFD.
std::string printable(std::string_view bytes) {
  std::string out;
  while (std::optional<runtime::Utf8Fault> fault = runtime::findUtf8Fault(bytes)) {
    out.append(bytes.substr(0, fault->offset)).append("\xEF\xBF\xBD");
    bytes.remove_prefix(fault->offset + 1);
  }
  return out.append(bytes);
}

/// Prints a continuation as it grows, in whole characters.
class Stream {
public:
  explicit Stream(const train::Tokenizer &tokenizer) : tokenizer(tokenizer) {}

  void add(int32_t token) {
    tokens.push_back(token);
    std::string text = tokenizer.decode(tokens);
    print(text.substr(0, runtime::completeUtf8Prefix(text)));
  }
  void finish() {
    print(tokenizer.decode(tokens));
    fputc('\n', stdout);
  }

private:
  void print(std::string_view text) {
    if (text.size() <= printed)
      return;
    fputs(printable(text.substr(printed)).c_str(), stdout);
    fflush(stdout);
    printed = text.size();
  }

  const train::Tokenizer &tokenizer;
  std::vector<int32_t> tokens;
  size_t printed = 0;
};

Result<std::vector<std::string>> collectPrompts(const GenerateOptions &given) {
  std::vector<std::string> prompts = given.prompts;
  if (prompts.empty()) {
    prompts.emplace_back(std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>());
    if (prompts[0].ends_with('\n'))
      prompts[0].pop_back();
  }
  for (const std::string &prompt : prompts)
    if (std::optional<runtime::Utf8Fault> fault = runtime::findUtf8Fault(prompt))
      return failure(DREAMER_INVALID_ARGUMENT, "prompt", "UTF-8 text", fault->describe());
  return prompts;
}

/// Continues `prompts` in batches of the package. One prompt is streamed; of several, each is
/// printed with its continuation on a line.
Status speak(train::PackageModel &model, const train::Tokenizer &tokenizer,
             const std::vector<std::string> &prompts, const GenerateOptions &given) {
  train::GenerateOptions options;
  options.sample = given.sample;
  options.maxTokens = given.maxTokens;
  options.end = tokenizer.endToken();
  options.pad = tokenizer.padToken();
  options.stop = interrupted;
  auto batch = static_cast<size_t>(model.batch());
  for (size_t first = 0; first < prompts.size() && !interrupted(); first += batch) {
    std::vector<std::vector<int32_t>> tokens;
    for (size_t i = first; i < std::min(prompts.size(), first + batch); ++i) {
      tokens.push_back(tokenizer.encode(prompts[i]));
      tokens.back().insert(tokens.back().begin(), tokenizer.beginToken());
    }
    Stream stream(tokenizer);
    bool alone = prompts.size() == 1;
    auto texts = train::generate(model, tokens, options, [&](size_t, int32_t token) {
      if (alone)
        stream.add(token);
    });
    if (texts.failed())
      return texts.status();
    if (alone)
      stream.finish();
    for (size_t i = 0; i < texts->size() && !alone; ++i)
      printf("%s %s\n", prompts[first + i].c_str(),
             printable(tokenizer.decode((*texts)[i])).c_str());
  }
  return {};
}

Status generate(const GenerateOptions &given) {
  Result<OpenPackage> opened = given.package.open();
  if (opened.failed())
    return opened.status();
  auto trained = given.weights.load(*opened->model);
  if (trained.failed())
    return trained.status();
  std::string name = given.tokenizer ? *given.tokenizer
                     : *trained      ? (*trained)->data.tokenizer
                                     : "bytes";
  auto tokenizer = train::openTokenizer(name, opened->manifest().vocabulary);
  if (tokenizer.failed())
    return tokenizer.status();
  Result<std::vector<std::string>> prompts = collectPrompts(given);
  if (prompts.failed())
    return prompts.status();
  catchInterrupts();
  Profiling profiling(given.profile, *opened);
  profiling.start();
  DREAMER_RETURN_IF_FAILED(speak(*opened->model, **tokenizer, *prompts, given));
  return profiling.finish();
}

} // namespace

int runGenerate(const Words &words) {
  GenerateOptions given;
  Options options("generate", "PACKAGE --weights=FILE --prompt=TEXT",
                  "Continues a prompt (without --prompt: standard input) up to the end token.");
  given.package.addTo(options);
  given.weights.addTo(options);
  options.required();
  options.value("prompt", "TEXT", &given.prompts, "the text to continue (repeatable)");
  options.value("max-tokens", "N", &given.maxTokens, "256 by default");
  options.value("temperature", "X", &given.sample.temperature,
                "0 (default): always the likeliest token");
  options.value("top-k", "K", &given.sample.topK, "draw among the K likeliest; 0 (default): all");
  options.value("seed", "S", &given.sample.seed, "of the draws; 0 by default");
  options.value("tokenizer", "FILE", &given.tokenizer, "default: the checkpoint's, or bytes");
  Profiling::addTo(options, &given.profile);
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("generate", generate(given));
}

} // namespace dreamer::run

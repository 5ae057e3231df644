// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Data.h"

#include "runtime/core/File.h"
#include "runtime/core/Utf8.h"
#include "runtime/train/JsonLines.h"
#include "runtime/train/Text.h"

#include <algorithm>
#include <set>

namespace dreamer::train {
namespace {

/// Splits text at the first line end after (1 - share) of its bytes, or between characters if there
/// is none.
size_t findTail(std::string_view text, double share) {
  if (share <= 0.0)
    return text.size();
  auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1.0 - share));
  size_t lineEnd = text.find('\n', cut);
  if (lineEnd != std::string_view::npos && lineEnd + 1 < text.size() &&
      lineEnd - cut < text.size() / 100)
    return lineEnd + 1;
  while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    ++cut;
  return cut;
}

Result<Data> loadText(const std::string &path, std::string_view content, const Tokenizer &tokenizer,
                      const DataOptions &options) {
  size_t cut = findTail(content, options.heldOut);
  std::vector<int32_t> head = tokenizer.encode(content.substr(0, cut));
  std::vector<int32_t> tail = tokenizer.encode(content.substr(cut));
  if (static_cast<int64_t>(head.size()) < options.context)
    return failure(
        DREAMER_BAD_FILE, path,
        text("at least ", options.context, " tokens to train on (one row of the package)"),
        text(head.size(), options.heldOut > 0 ? " beside the held-out tail" : ""),
        "give a longer text, or compile the package with a smaller --context");
  if (options.heldOut > 0 && tail.empty())
    return failure(DREAMER_BAD_FILE, path, "a held-out tail of at least one token", "none",
                   "give a longer text, or a larger --held-out, or --held-out=0");
  Data data;
  data.kind = DataKind::Text;
  data.trainBytes = static_cast<int64_t>(cut);
  data.heldOutBytes = static_cast<int64_t>(content.size() - cut);
  int32_t begin = tokenizer.beginToken(), pad = tokenizer.padToken();
  data.train = std::make_unique<TextExamples>(std::move(head), options.context, begin, pad);
  data.heldOut = std::make_unique<TextExamples>(std::move(tail), options.context, begin, pad);
  return data;
}

/// Where in the file a row stands, for messages.
struct RowPlace {
  const std::string &path;
  size_t line;

  std::string describe() const { return text(path, ":", line); }
};

Result<std::vector<int32_t>> readTokens(const runtime::Json &list, const char *key, int64_t lowest,
                                        int64_t vocabulary, const RowPlace &place) {
  if (!list.is_array())
    return failure(DREAMER_BAD_FILE, place.describe(), text("a list of numbers for \"", key, '"'),
                   runtime::kindOf(list));
  std::vector<int32_t> tokens;
  for (const runtime::Json &item : list) {
    if (!item.is_number_integer())
      return failure(DREAMER_BAD_FILE, place.describe(), text("whole numbers in \"", key, '"'),
                     quote(item.dump()));
    auto token = item.get<double>(); // exact for every token, and no wrapping for larger numbers
    if (token < static_cast<double>(lowest) || token >= static_cast<double>(vocabulary))
      return failure(DREAMER_OUT_OF_RANGE, place.describe(),
                     text('"', key, "\" from ", lowest, " to ", vocabulary - 1,
                          " (the vocabulary of the package)"),
                     item.dump());
    tokens.push_back(static_cast<int32_t>(token));
  }
  return tokens;
}

Result<Row> readTokenRow(const runtime::Json &object, int64_t vocabulary, const RowPlace &place) {
  auto tokens = readTokens(object["tokens"], "tokens", 0, vocabulary, place);
  if (tokens.failed())
    return tokens.status();
  auto targets = readTokens(object["targets"], "targets", -1, vocabulary, place);
  if (targets.failed())
    return targets.status();
  if (tokens->size() != targets->size())
    return failure(DREAMER_BAD_FILE, place.describe(), "as many targets as tokens",
                   text(targets->size(), " targets and ", tokens->size(), " tokens"));
  Row row;
  row.tokens = std::move(*tokens);
  row.targets = std::move(*targets);
  return row;
}

Result<Row> readProblemRow(const runtime::Json &object, const Tokenizer &tokenizer,
                           const RowPlace &place) {
  for (const char *key : {"prompt", "answer"})
    if (!object[key].is_string())
      return failure(DREAMER_BAD_FILE, place.describe(), text("a string for \"", key, '"'),
                     runtime::kindOf(object[key]));
  Row row = makeProblemRow(tokenizer, object["prompt"].get_ref<const std::string &>(),
                           object["answer"].get_ref<const std::string &>());
  if (object.contains("steps")) {
    if (!object["steps"].is_number_integer())
      return failure(DREAMER_BAD_FILE, place.describe(), "a whole number for \"steps\"",
                     quote(object["steps"].dump()));
    row.steps = object["steps"].get<int64_t>();
  }
  return row;
}

/// What a row is split by.
std::string splitKey(const Row &row) {
  if (!row.prompt.empty())
    return row.prompt;
  std::string key;
  for (int32_t token : row.tokens)
    key += text(token, ' ');
  return key;
}

Result<Data> loadRows(const std::string &path, std::string_view content, const Tokenizer &tokenizer,
                      const DataOptions &options) {
  std::vector<Row> train, heldOut;
  std::set<std::string> heldOutKeys; // the same question twice says nothing new
  bool problems = false, tokens = false;
  Status status =
      forEachJsonLine(path, content, [&](const runtime::Json &object, size_t line) -> Status {
        RowPlace place{path, line};
        bool isProblem = object.contains("prompt") && object.contains("answer");
        bool isTokens = object.contains("tokens") && object.contains("targets");
        if (isProblem == isTokens)
          return failure(DREAMER_BAD_FILE, place.describe(),
                         "{\"prompt\", \"answer\"} or {\"tokens\", \"targets\"}",
                         describeKeys(object));
        Result<Row> row = isProblem ? readProblemRow(object, tokenizer, place)
                                    : readTokenRow(object, options.vocabulary, place);
        if (row.failed())
          return row.status();
        if (static_cast<int64_t>(row->tokens.size()) > options.context)
          return failure(
              DREAMER_MISMATCH, place.describe(),
              text("at most ", options.context, " tokens (the context of the package)"),
              text(row->tokens.size(), isProblem ? " with the begin token" : ""),
              text("compile the package with --context=", row->tokens.size(), " or more"));
        if (std::all_of(row->targets.begin(), row->targets.end(),
                        [](int32_t target) { return target < 0; }))
          return failure(DREAMER_BAD_FILE, place.describe(), "at least one target that counts",
                         "none");
        (isProblem ? problems : tokens) = true;
        if (problems && tokens)
          return failure(DREAMER_BAD_FILE, place.describe(), "rows of one kind",
                         "problems and rows of tokens in one file");
        std::string key = splitKey(*row);
        if (!isHeldOut(key, options.heldOut))
          train.push_back(std::move(*row));
        else if (heldOutKeys.insert(std::move(key)).second)
          heldOut.push_back(std::move(*row));
        return {};
      });
  DREAMER_RETURN_IF_FAILED(status);
  if (train.empty() && heldOut.empty())
    return failure(DREAMER_BAD_FILE, path, "rows of data", "an empty file");
  Data data;
  data.kind = problems ? DataKind::Problems : DataKind::Tokens;
  data.train = std::make_unique<RowExamples>(std::move(train), tokenizer.padToken());
  data.heldOut = std::make_unique<RowExamples>(std::move(heldOut), tokenizer.padToken());
  return data;
}

} // namespace

void TextExamples::write(int64_t index, std::span<int32_t> tokens,
                         std::span<int32_t> targets) const {
  int64_t start = index * context, total = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < context; ++i) {
    bool inside = start + i < total;
    targets[static_cast<size_t>(i)] = inside ? text[static_cast<size_t>(start + i)] : -1;
    tokens[static_cast<size_t>(i)] = i == 0   ? begin
                                     : inside ? text[static_cast<size_t>(start + i - 1)]
                                              : pad;
  }
}

void TextExamples::writeShifted(int64_t index, int64_t shift, std::span<int32_t> tokens,
                                std::span<int32_t> targets) const {
  int64_t start = shift + index * context, total = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < context; ++i) {
    targets[static_cast<size_t>(i)] = text[static_cast<size_t>((start + i) % total)];
    tokens[static_cast<size_t>(i)] = i == 0 ? begin : targets[static_cast<size_t>(i - 1)];
  }
}

void RowExamples::write(int64_t index, std::span<int32_t> tokens,
                        std::span<int32_t> targets) const {
  const Row &row = rows[static_cast<size_t>(index)];
  std::copy(row.tokens.begin(), row.tokens.end(), tokens.begin());
  std::fill(tokens.begin() + static_cast<ptrdiff_t>(row.tokens.size()), tokens.end(), pad);
  std::copy(row.targets.begin(), row.targets.end(), targets.begin());
  std::fill(targets.begin() + static_cast<ptrdiff_t>(row.targets.size()), targets.end(), -1);
}

const char *dataKindName(DataKind kind) {
  return kind == DataKind::Text ? "text" : kind == DataKind::Problems ? "problems" : "tokens";
}

Row makeProblemRow(const Tokenizer &tokenizer, std::string_view prompt, std::string_view answer) {
  std::vector<int32_t> question = tokenizer.encode(prompt), solution = tokenizer.encode(answer);
  Row row;
  row.prompt = prompt;
  row.answer = answer;
  row.tokens.push_back(tokenizer.beginToken());
  row.tokens.insert(row.tokens.end(), question.begin(), question.end());
  row.tokens.insert(row.tokens.end(), solution.begin(), solution.end());
  // targets[i] is the token after tokens[i]: nothing for the prompt, then the answer and the end
  row.targets.assign(question.size(), -1);
  row.targets.insert(row.targets.end(), solution.begin(), solution.end());
  row.targets.push_back(tokenizer.endToken());
  return row;
}

uint64_t fingerprintOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : bytes)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

bool isHeldOut(std::string_view prompt, double share) {
  uint64_t hash = fingerprintOf(prompt);
  // FNV leaves the last bytes in the low bits only: mix (the finalizer of MurmurHash3)
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  hash ^= hash >> 33;
  return static_cast<double>(hash >> 11) * 0x1p-53 < share;
}

Result<Data> parseData(std::string_view content, const std::string &path,
                       const Tokenizer &tokenizer, const DataOptions &options) {
  if (!(options.heldOut >= 0.0 && options.heldOut < 1.0))
    return failure(DREAMER_INVALID_ARGUMENT, "--held-out", "a share from 0 up to, but not, 1",
                   formatNumber(options.heldOut));
  if (content.empty())
    return failure(DREAMER_BAD_FILE, path, "data", "an empty file");
  if (std::optional<runtime::Utf8Fault> fault = runtime::findUtf8Fault(content))
    return failure(DREAMER_BAD_FILE, path, "UTF-8 text", fault->describe(),
                   "convert it, for instance with iconv -f latin1 -t utf-8");
  bool jsonLines = options.format == DataFormat::JsonLines ||
                   (options.format == DataFormat::FromName && path.ends_with(".jsonl"));
  Result<Data> data = jsonLines ? loadRows(path, content, tokenizer, options)
                                : loadText(path, content, tokenizer, options);
  if (data.ok())
    data->fingerprint = fingerprintOf(content);
  return data;
}

Result<Data> loadData(const std::string &path, const Tokenizer &tokenizer,
                      const DataOptions &options) {
  auto file = runtime::MappedFile::open(path);
  if (file.failed())
    return file.status();
  std::span<const std::byte> bytes = (*file)->bytes();
  return parseData({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, path, tokenizer,
                   options);
}

} // namespace dreamer::train

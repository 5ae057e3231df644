// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Training and evaluation data: rows of tokens and targets, split into a part for training and a
// held-out part.
//
//   text    any UTF-8 file. Windows of T tokens, each after a begin token; the held-out part is the
//   tail of the file. rows    JSONL with {"prompt", "answer"}: begin, prompt, answer, end; the loss
//   counts the answer and the end only.
//           JSONL with {"tokens", "targets"}: taken as they are. Held out by a hash of the prompt
//           (of the tokens), so that a held-out row is never trained on, whatever the seed and
//           whatever else is in the file. A prompt that is held out counts once, however often
//           the file has it.
//
// Rows are padded with the pad token, whose targets are -1 (not counted).

#ifndef DREAMER_RUNTIME_TRAIN_DATA_H
#define DREAMER_RUNTIME_TRAIN_DATA_H

#include "runtime/train/Tokenizer.h"

namespace dreamer::train {

/// One row of JSONL data.
struct Row {
  std::vector<int32_t> tokens;  ///< [n], n <= T
  std::vector<int32_t> targets; ///< [n], -1: not counted
  int64_t steps = 0;  ///< reasoning steps a problem needs ("steps" in the file), 0 if not stated
  std::string prompt; ///< "" for rows of tokens
  std::string answer;
};

/// One part of the data, as rows of exactly T tokens.
class Examples {
public:
  virtual ~Examples() = default;

  /// Rows in an epoch.
  virtual int64_t size() const = 0;
  /// Writes row 0 <= `index` < size(): tokens [T] and targets [T].
  virtual void write(int64_t index, std::span<int32_t> tokens,
                     std::span<int32_t> targets) const = 0;
  /// For training: as `write`, but text windows of an epoch all start `shift` tokens later, around
  /// the end of the text, so that epochs differ in where the windows are cut.
  virtual void writeShifted(int64_t index, int64_t /*shift*/, std::span<int32_t> tokens,
                            std::span<int32_t> targets) const {
    write(index, tokens, targets);
  }
  /// How many different shifts there are.
  virtual int64_t shifts() const { return 1; }
  /// Tokens of the text; 0 for rows.
  virtual int64_t textTokens() const { return 0; }
  /// The row as it was in the file; null for text.
  virtual const Row *row(int64_t /*index*/) const { return nullptr; }
};

/// Windows over one long text, `context` tokens each.
class TextExamples final : public Examples {
public:
  TextExamples(std::vector<int32_t> text, int64_t context, int32_t begin, int32_t pad)
      : text(std::move(text)), context(context), begin(begin), pad(pad) {}

  int64_t size() const override {
    return (static_cast<int64_t>(text.size()) + context - 1) / context;
  }
  void write(int64_t index, std::span<int32_t> tokens, std::span<int32_t> targets) const override;
  void writeShifted(int64_t index, int64_t shift, std::span<int32_t> tokens,
                    std::span<int32_t> targets) const override;
  int64_t shifts() const override { return textTokens(); }
  int64_t textTokens() const override { return static_cast<int64_t>(text.size()); }

private:
  std::vector<int32_t> text;
  int64_t context;
  int32_t begin;
  int32_t pad;
};

class RowExamples final : public Examples {
public:
  RowExamples(std::vector<Row> rows, int32_t pad) : rows(std::move(rows)), pad(pad) {}

  int64_t size() const override { return static_cast<int64_t>(rows.size()); }
  void write(int64_t index, std::span<int32_t> tokens, std::span<int32_t> targets) const override;
  const Row *row(int64_t index) const override { return &rows[static_cast<size_t>(index)]; }

private:
  std::vector<Row> rows;
  int32_t pad;
};

enum class DataKind { Text, Problems, Tokens };
/// "text", "problems", "tokens"
const char *dataKindName(DataKind kind);

enum class DataFormat { FromName, Text, JsonLines };

struct DataOptions {
  int64_t context = 0;                      ///< T of the package
  int64_t vocabulary = 0;                   ///< of the package; tokens must be below it
  double heldOut = 0.1;                     ///< share that is held out, 0 <= share < 1
  DataFormat format = DataFormat::FromName; ///< FromName: files called *.jsonl hold rows
};

struct Data {
  DataKind kind = DataKind::Text;
  std::unique_ptr<Examples> train;
  std::unique_ptr<Examples> heldOut;
  int64_t trainBytes = 0; ///< bytes of text in each part, for bits a byte; 0 for rows
  int64_t heldOutBytes = 0;
  uint64_t fingerprint = 0; ///< of the file's content
};

/// Reads and checks a data file. Both parts have at least one row, except that nothing is held out
/// if heldOut is 0 and that rows may all fall into one part (the other is then empty).
Result<Data> loadData(const std::string &path, const Tokenizer &tokenizer,
                      const DataOptions &options);

/// The same for the `content` of a file called `path`.
Result<Data> parseData(std::string_view content, const std::string &path,
                       const Tokenizer &tokenizer, const DataOptions &options);

/// begin, prompt, answer, end with targets for the answer and the end.
Row makeProblemRow(const Tokenizer &tokenizer, std::string_view prompt, std::string_view answer);

/// Whether a row whose prompt has these bytes is held out, by its hash alone.
bool isHeldOut(std::string_view prompt, double share);

/// 64-bit FNV-1a.
uint64_t fingerprintOf(std::string_view bytes);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_DATA_H

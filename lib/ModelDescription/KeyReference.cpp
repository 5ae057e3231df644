// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The keys of a description as Markdown tables, for the documentation.

#include "lib/ModelDescription/Parse.h"
#include "lib/ModelDescription/Schema.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

namespace dreamer {

namespace {

/// A schema visitor that writes one row for each key.
class Rows {
public:
  explicit Rows(llvm::raw_ostream &os) : os(os) {}

  template <typename T, typename Rule>
  void field(llvm::StringRef key, const T &value, schema::Need need, Rule rule,
             llvm::StringRef help) {
    os << "| `" << key << "` | ";
    range(rule);
    os << " | ";
    if (need == schema::Need::Required)
      os << "required";
    else
      print(value, rule);
    os << " | " << help << " |\n";
  }
  template <typename T>
  void section(llvm::StringRef key, T &, llvm::StringRef help) {
    os << "| `" << key << "` | keys of its own, below | optional | " << help << " |\n";
  }
  void list(llvm::StringRef key, std::vector<Layer> &, schema::Need, llvm::StringRef help) {
    os << "| `" << key << "` | a list of layers | required | " << help << " |\n";
  }
  void blocks(llvm::StringRef key, std::vector<Block> &, llvm::StringRef help) {
    os << "| `" << key << "` | a list of blocks | required | " << help << " |\n";
  }

private:
  void range(schema::IntegerRange r) {
    os << "integer, at least " << r.low;
    if (r.high <= schema::vocabulary.high)
      os << ", at most " << r.high;
  }
  void range(schema::NumberRange r) {
    os << "number, " << (r.openLow ? "above " : "at least ") << llvm::format("%g", r.low);
    if (std::isfinite(r.high))
      os << ", " << (r.openHigh ? "below " : "at most ") << llvm::format("%g", r.high);
  }
  void range(schema::Flag) { os << "`true` or `false`"; }
  void range(schema::NameKind) { os << "name"; }
  template <typename T>
  void range(schema::Choices<T> choices) {
    llvm::interleave(
        choices, os, [&](const auto &choice) { os << '`' << choice.first << '`'; }, " or ");
  }

  void print(int64_t value, schema::IntegerRange) { os << value; }
  void print(double value, schema::NumberRange) { os << llvm::format("%g", value); }
  void print(bool value, schema::Flag) { os << (value ? "true" : "false"); }
  void print(const std::string &, schema::NameKind) { os << "by place"; }
  void print(const std::array<double, 2> &values, schema::NumberRange) {
    os << '[' << llvm::format("%g", values[0]) << ", " << llvm::format("%g", values[1]) << ']';
  }
  template <typename T>
  void print(T value, schema::Choices<T> choices) {
    for (const auto &[word, choice] : choices)
      if (choice == value)
        os << word;
  }

  llvm::raw_ostream &os;
};

template <typename T>
void table(llvm::raw_ostream &os, llvm::StringRef title, T value) {
  os << "\n## " << title << "\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  Rows rows(os);
  schema::visit(rows, value);
}

Block exampleBlock(Block::Kind kind, bool isGroup) {
  Block block;
  block.kind = kind;
  block.isGroup = isGroup;
  block.layers.resize(1);
  return block;
}

} // namespace

void printKeyReference(llvm::raw_ostream &os) {
  os << R"(# Keys of a model description

A description is one YAML file. `dreamer-compile model.yaml --print-description` shows it with every
key; `--set path=value` changes one, where the path leads from the top (`training.learning_rate`,
`stack.0.recur.depth`) or from a block's name (`core.depth`, `pair.group.1.feed_forward.hidden`), the
value is YAML, and an empty value removes the key. Examples are in `docs/examples`.
)";
  table(os, "The description", Description());
  table(os, "`layers`: untied layers", exampleBlock(Block::Kind::Layers, false));
  table(os, "`recur`: one layer, repeated", exampleBlock(Block::Kind::Recur, false));
  table(os, "`recur` with a group of layers, repeated in turn",
        exampleBlock(Block::Kind::Recur, true));
  table(os, "A layer of a group", Layer());
  table(os, "`sequence_attention`", SequenceAttention());
  table(os, "`depth_attention`", DepthAttention());
  table(os, "`expert_attention`", ExpertAttention());
  table(os, "`feed_forward`", FeedForward());
  table(os, "`init`", Init());
  table(os, "`training`", Training());
}

} // namespace dreamer

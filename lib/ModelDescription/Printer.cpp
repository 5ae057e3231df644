// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From descriptions to YAML: a schema visitor that writes every key.

#include "lib/ModelDescription/Parse.h"
#include "lib/ModelDescription/Schema.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <charconv>

namespace dreamer {

namespace {

/// The shortest decimal text that reads back as `value`, with a point before an exponent
/// (without one, some YAML readers take 1e-06 for a word).
std::string printNumber(double value) {
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  std::string text(buffer, end);
  size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos)
    text.insert(exponent, ".0");
  return text;
}

/// Writes `key: value` pairs, one a line or, in `{}`, beside each other.
class Printer {
public:
  Printer(llvm::raw_ostream &os, unsigned indent, bool flow) : os(os), indent(indent), flow(flow) {}

  template <typename T, typename Rule>
  void field(llvm::StringRef key, const T &value, schema::Need, Rule rule, llvm::StringRef) {
    start(key) << ' ';
    print(value, rule);
    finish();
  }

  template <typename T>
  void section(llvm::StringRef key, std::optional<T> &value, llvm::StringRef /*help*/) {
    if (!value)
      return;
    start(key) << " {";
    Printer inside(os, 0, true);
    schema::visit(inside, *value);
    os << '}';
    finish();
  }

  template <typename T>
  void section(llvm::StringRef key, T &value, llvm::StringRef /*help*/) {
    start(key) << '\n';
    Printer inside(os, indent + 2, false);
    schema::visit(inside, value);
  }

  void list(llvm::StringRef key, std::vector<Layer> &layers, schema::Need, llvm::StringRef) {
    start(key) << '\n';
    for (Layer &layer : layers) {
      Printer item(os, indent + 4, false);
      os.indent(indent + 2) << "- ";
      item.first = true;
      schema::visit(item, layer);
    }
  }

  void blocks(llvm::StringRef key, std::vector<Block> &blocks, llvm::StringRef) {
    start(key) << '\n';
    for (Block &block : blocks) {
      os.indent(indent + 2) << "- " << (block.kind == Block::Kind::Layers ? "layers" : "recur")
                            << ":\n";
      Printer item(os, indent + 6, false);
      schema::visit(item, block);
    }
  }

private:
  llvm::raw_ostream &start(llvm::StringRef key) {
    if (flow)
      os << (any ? ", " : "");
    else if (!first)
      os.indent(indent);
    any = true;
    first = false;
    return os << key << ':';
  }
  void finish() {
    if (!flow)
      os << '\n';
  }

  void print(int64_t value, schema::IntegerRange) { os << value; }
  void print(double value, schema::NumberRange) { os << printNumber(value); }
  void print(bool value, schema::Flag) { os << (value ? "true" : "false"); }
  void print(const std::array<double, 2> &values, schema::NumberRange) {
    os << '[' << printNumber(values[0]) << ", " << printNumber(values[1]) << ']';
  }
  void print(const std::string &name, schema::NameKind) {
    // A name that looks like another kind of value is quoted.
    bool plain = name.front() > '9' && name != "null" && name != "true" && name != "false";
    os << (plain ? "" : "\"") << name << (plain ? "" : "\"");
  }
  template <typename T>
  void print(T value, schema::Choices<T> choices) {
    for (const auto &[word, choice] : choices)
      if (choice == value)
        os << word;
  }

  llvm::raw_ostream &os;
  unsigned indent;
  bool flow;
  bool any = false;
  bool first = false; ///< the next key stands behind `- `
};

} // namespace

void printDescription(const Description &description, llvm::raw_ostream &os) {
  Description copy = description; // visitors see members they may change
  Printer printer(os, 0, false);
  schema::visit(printer, copy);
}

std::string printDescription(const Description &description) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printDescription(description, os);
  return text;
}

} // namespace dreamer

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Reader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/YAMLParser.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;

namespace dreamer {

StringRef nearest(StringRef word, ArrayRef<StringRef> words) {
  StringRef best;
  unsigned bestDistance = std::max<size_t>(2, word.size() / 3) + 1;
  for (StringRef candidate : words) {
    unsigned distance = word.edit_distance(candidate, true, bestDistance);
    // `hidden` for `expert_hidden`, `theta` for `rope_theta`
    if (word.size() >= 4 && (candidate.contains(word) || word.contains(candidate)))
      distance = std::min(distance, 2u);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

std::string suggestion(StringRef word, ArrayRef<StringRef> words, StringRef otherwise) {
  StringRef near = nearest(word, words);
  return near.empty() ? otherwise.str() : ("; did you mean `" + near + "`?").str();
}

const yaml::Node &nodeAt(const yaml::Node &root, StringRef path) {
  const yaml::Node *node = &root;
  while (!path.empty()) {
    auto [step, rest] = path.split('.');
    path = rest;
    size_t index = 0;
    if (const yaml::Entry *entry = node->find(step))
      node = &entry->value;
    else if (node->isList() && !step.getAsInteger(10, index) && index < node->items.size())
      node = &node->items[index];
    else
      break;
  }
  return *node;
}

bool expectMapping(const yaml::Node &node, StringRef path) {
  if (node.isMapping())
    return true;
  StringRef hint = "; write `key: value` lines or {key: value, ...}";
  if (node.kind == yaml::Node::Kind::Nothing)
    hint = path.starts_with("`") ? "; leave the key out, or give it its keys"
                                 : "; the first line could be `model: my-model`";
  emitError(node.location) << "expected keys and values for " << path << ", found "
                           << node.describe() << hint;
  return false;
}

std::string Reader::below(StringRef key) const {
  StringRef around = path;
  if (!around.consume_front("`"))
    return ("`" + key + "`").str();
  return ("`" + around.drop_back() + "." + key + "`").str();
}

const yaml::Node *Reader::lookUp(StringRef key, schema::Need need, StringRef help) {
  known.push_back(key);
  if (const yaml::Entry *entry = mapping.find(key))
    return &entry->value;
  if (need == schema::Need::Required)
    missing.push_back({key, help});
  return nullptr;
}

void Reader::finish() {
  ok &= missing.empty();
  for (const yaml::Entry &entry : mapping.entries) {
    if (llvm::is_contained(known, entry.key))
      continue;
    ok = false;
    emitError(entry.keyLocation) << "expected a key of " << path << " (" << llvm::join(known, ", ")
                                 << "), found `" << entry.key << "`"
                                 << suggestion(entry.key, known);
    // The misspelling of a key that is missing is not told twice.
    StringRef meant = nearest(entry.key, known);
    llvm::erase_if(missing, [&](const auto &pair) { return pair.first == meant; });
  }
  for (auto [key, help] : missing)
    emitError(mapping.location) << "expected the key `" << key << "` (" << help << ") in " << path
                                << ", found none";
}

//===-- Scalars ---------------------------------------------------------------------------------//

bool Reader::readScalar(const yaml::Node &node, StringRef key, int64_t &value,
                        schema::IntegerRange range) {
  int64_t read = 0;
  StringRef text = node.text;
  if (node.isScalar() && !node.quoted && !text.getAsInteger(10, read) && read >= range.low &&
      read <= range.high) {
    value = read;
    return true;
  }
  emitError(node.location) << "expected an integer from " << range.low << " to " << range.high
                           << " for `" << key << "`, found " << node.describe();
  return false;
}

/// A finite decimal number, written as 1, 0.5, 1e-6 or 1.0e-6.
static bool parseNumber(const yaml::Node &node, double &value) {
  StringRef text = node.text;
  bool decimal = text.find_first_not_of("0123456789+-.eE") == StringRef::npos &&
                 text.find_first_of("0123456789") != StringRef::npos;
  return node.isScalar() && !node.quoted && decimal && text.size() < 64 &&
         !text.getAsDouble(value) && std::isfinite(value);
}

static std::string describeRange(schema::NumberRange range) {
  std::string words = "a number";
  llvm::raw_string_ostream os(words);
  os << (range.openLow ? " above " : " of at least ") << llvm::format("%g", range.low);
  if (std::isfinite(range.high))
    os << (range.openHigh ? " and below " : " and at most ") << llvm::format("%g", range.high);
  return words;
}

static bool inRange(double value, schema::NumberRange range) {
  return (range.openLow ? value > range.low : value >= range.low) &&
         (range.openHigh ? value < range.high : value <= range.high);
}

bool Reader::readScalar(const yaml::Node &node, StringRef key, double &value,
                        schema::NumberRange range) {
  double read = 0;
  if (parseNumber(node, read) && inRange(read, range)) {
    value = read;
    return true;
  }
  emitError(node.location) << "expected " << describeRange(range) << " for `" << key << "`, found "
                           << node.describe();
  return false;
}

bool Reader::readScalar(const yaml::Node &node, StringRef key, std::array<double, 2> &values,
                        schema::NumberRange range) {
  if (node.isList() && node.items.size() == values.size()) {
    bool first = readScalar(node.items[0], key, values[0], range);
    return readScalar(node.items[1], key, values[1], range) && first;
  }
  emitError(node.location) << "expected a list of two numbers for `" << key << "`, found "
                           << node.describe() << "; write [0.9, 0.95]";
  return false;
}

bool Reader::readScalar(const yaml::Node &node, StringRef key, bool &value, schema::Flag) {
  bool plain = node.isScalar() && !node.quoted;
  if (plain && (node.text == "true" || node.text == "false")) {
    value = node.text == "true";
    return true;
  }
  StringRef hint;
  if (node.isScalar() && llvm::yaml::parseBool(node.text))
    hint = *llvm::yaml::parseBool(node.text) ? "; write `true`" : "; write `false`";
  emitError(node.location) << "expected true or false for `" << key << "`, found "
                           << node.describe() << hint;
  return false;
}

bool Reader::readScalar(const yaml::Node &node, StringRef key, std::string &value,
                        schema::NameKind kind) {
  bool isModel = kind == schema::NameKind::Model;
  if (node.isScalar() && (isModel ? isModelName(node.text) : isBlockName(node.text))) {
    value = node.text;
    return true;
  }
  emitError(node.location) << "expected a name for `" << key << "` of at most 64 "
                           << (isModel ? "letters, digits, `.`, `_` and `-`, the first a letter or "
                                         "digit"
                                       : "letters, digits, `_` and `-`, the first a letter")
                           << ", found " << node.describe();
  return false;
}

int Reader::readChoice(const yaml::Node &node, StringRef key, ArrayRef<StringRef> words) {
  for (auto [index, word] : llvm::enumerate(words))
    if (node.isScalar() && node.text == word)
      return static_cast<int>(index);
  emitError(node.location) << "expected " << llvm::join(words, " or ") << " for `" << key
                           << "`, found " << node.describe()
                           << (node.isScalar() ? suggestion(node.text, words) : "");
  return -1;
}

//===-- Blocks and layers -----------------------------------------------------------------------//

static bool expectList(const yaml::Node &node, StringRef path, StringRef ofWhat) {
  if (node.isList() && !node.items.empty())
    return true;
  emitError(node.location) << "expected a list of one or more " << ofWhat << " for " << path
                           << ", found " << node.describe() << "; each starts with `- `";
  return false;
}

void Reader::list(StringRef key, std::vector<Layer> &layers, schema::Need need, StringRef help) {
  const yaml::Node *node = lookUp(key, need, help);
  if (!node)
    return;
  layers.clear();
  if (!expectList(*node, below(key), "layers")) {
    ok = false;
    return;
  }
  StringRef around = path;
  around.consume_front("`");
  around.consume_back("`");
  for (auto [index, item] : llvm::enumerate(node->items)) {
    std::string itemPath = ("`" + around + "." + key + "." + Twine(index) + "`").str();
    ok &= read(item, layers.emplace_back(), std::move(itemPath));
  }
}

void Reader::blocks(StringRef key, std::vector<Block> &blocks, StringRef help) {
  const yaml::Node *node = lookUp(key, schema::Need::Required, help);
  if (!node)
    return;
  if (!expectList(*node, below(key), "blocks")) {
    ok = false;
    return;
  }
  for (auto [index, item] : llvm::enumerate(node->items))
    block(item, index, blocks.emplace_back(), (key + "." + Twine(index)).str());
}

void Reader::block(const yaml::Node &item, size_t index, Block &block, const std::string &path) {
  block.name = "block" + std::to_string(index);
  block.layers.resize(1);
  std::string quoted = "`" + path + "`";
  if (!item.isMapping() || item.entries.size() != 1 ||
      (item.entries[0].key != "layers" && item.entries[0].key != "recur")) {
    ok = false;
    auto error = emitError(item.location)
                 << "expected one key, `layers` or `recur`, for " << quoted << ", found ";
    if (!item.isMapping() || item.entries.empty())
      error << item.describe();
    else if (item.entries.size() > 1)
      error << "the keys `" << item.entries[0].key << "` and `" << item.entries[1].key
            << "`; start each block with `- `, and indent its keys below its kind";
    else
      error << "`" << item.entries[0].key << "`"
            << suggestion(item.entries[0].key, {"layers", "recur"});
    return;
  }
  const yaml::Entry &entry = item.entries.front();
  block.kind = entry.key == "layers" ? Block::Kind::Layers : Block::Kind::Recur;
  std::string inner = "`" + path + "." + entry.key + "`";
  if (block.kind == Block::Kind::Recur && entry.value.find("group")) {
    block.isGroup = true;
    if (!refuseKeysBesideGroup(entry.value, inner)) {
      ok = false;
      return;
    }
  }
  ok &= read(entry.value, block, inner);
}

bool Reader::refuseKeysBesideGroup(const yaml::Node &recur, StringRef path) {
  bool fine = true;
  for (const yaml::Entry &entry : recur.entries) {
    if (entry.key != "wiring" && !StringRef(entry.key).ends_with("_attention") &&
        entry.key != "feed_forward")
      continue;
    fine = false;
    emitError(entry.keyLocation) << "expected no layer keys beside `group` in " << path
                                 << ", found `" << entry.key
                                 << "`; move it into the layers of the group";
  }
  return fine;
}

} // namespace dreamer

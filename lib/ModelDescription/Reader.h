// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From YAML trees to the values of a description: a schema visitor that reads one mapping.

#ifndef DREAMER_LIB_MODELDESCRIPTION_READER_H
#define DREAMER_LIB_MODELDESCRIPTION_READER_H

#include "lib/ModelDescription/Checks.h"
#include "lib/ModelDescription/Schema.h"
#include "lib/ModelDescription/Yaml.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace dreamer {

/// The word of `words` nearest to `word`, empty if none is near enough for a misspelling.
llvm::StringRef nearest(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> words);

/// `; did you mean "x"?` with the nearest of the words, or `otherwise`.
std::string suggestion(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> words,
                       llvm::StringRef otherwise = "");

/// The node at a dotted path below `root`, or the last one on the way.
const yaml::Node &nodeAt(const yaml::Node &root, llvm::StringRef path);

/// Reads the keys of one mapping. `ok` tells whether all of it was read.
class Reader {
public:
  /// `path` says in words what the mapping is, e.g. "the description" or "`stack.0.recur`".
  Reader(const yaml::Node &mapping, std::string path) : mapping(mapping), path(std::move(path)) {}

  /// Reads and checks what `node` says about `value`.
  template <typename T>
  static bool read(const yaml::Node &node, T &value, std::string path);

  template <typename T, typename Rule>
  void field(llvm::StringRef key, T &value, schema::Need need, Rule rule, llvm::StringRef help) {
    if (const yaml::Node *node = lookUp(key, need, help))
      ok &= readScalar(*node, key, value, rule);
  }

  template <typename T>
  void section(llvm::StringRef key, std::optional<T> &value, llvm::StringRef help) {
    if (const yaml::Node *node = lookUp(key, schema::Need::Optional, help))
      ok &= read(*node, value.emplace(), below(key));
  }

  template <typename T>
  void section(llvm::StringRef key, T &value, llvm::StringRef help) {
    if (const yaml::Node *node = lookUp(key, schema::Need::Optional, help))
      ok &= read(*node, value, below(key));
  }

  void list(llvm::StringRef key, std::vector<Layer> &layers, schema::Need need,
            llvm::StringRef help);
  void blocks(llvm::StringRef key, std::vector<Block> &blocks, llvm::StringRef help);

  /// Reports the keys that nobody asked for and those that are missing.
  void finish();

  bool ok = true;

private:
  /// The value of `key`, null if it is missing; notes that the key is known.
  const yaml::Node *lookUp(llvm::StringRef key, schema::Need need, llvm::StringRef help);
  std::string below(llvm::StringRef key) const;
  void block(const yaml::Node &item, size_t index, Block &block, const std::string &path);
  bool refuseKeysBesideGroup(const yaml::Node &recur, llvm::StringRef path);

  static bool readScalar(const yaml::Node &node, llvm::StringRef key, int64_t &value,
                         schema::IntegerRange range);
  static bool readScalar(const yaml::Node &node, llvm::StringRef key, double &value,
                         schema::NumberRange range);
  static bool readScalar(const yaml::Node &node, llvm::StringRef key, std::array<double, 2> &values,
                         schema::NumberRange range);
  static bool readScalar(const yaml::Node &node, llvm::StringRef key, bool &value, schema::Flag);
  static bool readScalar(const yaml::Node &node, llvm::StringRef key, std::string &value,
                         schema::NameKind kind);
  /// The index of the choice that `node` says, or -1.
  static int readChoice(const yaml::Node &node, llvm::StringRef key,
                        llvm::ArrayRef<llvm::StringRef> words);
  template <typename T>
  static bool readScalar(const yaml::Node &node, llvm::StringRef key, T &value,
                         schema::Choices<T> choices) {
    llvm::SmallVector<llvm::StringRef> words(llvm::make_first_range(choices));
    int index = readChoice(node, key, words);
    if (index >= 0)
      value = choices[index].second;
    return index >= 0;
  }

  const yaml::Node &mapping;
  std::string path;
  llvm::SmallVector<llvm::StringRef> known;
  llvm::SmallVector<std::pair<llvm::StringRef, llvm::StringRef>> missing; ///< key, meaning
};

/// Emits "expected <what> for <key>, found ..." unless the node is a mapping.
bool expectMapping(const yaml::Node &node, llvm::StringRef path);

template <typename T>
bool Reader::read(const yaml::Node &node, T &value, std::string path) {
  if (!expectMapping(node, path))
    return false;
  Reader reader(node, std::move(path));
  schema::visit(reader, value);
  reader.finish();
  if (!reader.ok) // what is checked next would follow from what is wrong already
    return false;
  auto locate = [&](llvm::StringRef below) { return nodeAt(node, below).location; };
  return mlir::succeeded(check(value, locate));
}

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_READER_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// YAML text as a tree whose nodes know where they stand. The subset that
// configurations use: mappings with plain keys, lists, scalars. Anchors, aliases, tags
// and several documents are refused.

#ifndef DREAMER_LIB_MODELDESCRIPTION_YAML_H
#define DREAMER_LIB_MODELDESCRIPTION_YAML_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace dreamer::yaml {

struct Entry;

struct Node {
  enum class Kind { Nothing, Scalar, Mapping, List };

  explicit Node(mlir::Location location);

  Kind kind = Kind::Nothing;
  mlir::Location location;    ///< file, line and column of its first character
  std::string text;           ///< of a scalar
  bool quoted = false;        ///< a scalar that cannot be a number, a flag or nothing
  std::vector<Entry> entries; ///< of a mapping, in order; keys are distinct
  std::vector<Node> items;    ///< of a list

  bool isMapping() const { return kind == Kind::Mapping; }
  bool isList() const { return kind == Kind::List; }
  bool isScalar() const { return kind == Kind::Scalar; }

  /// The entry of a mapping with this key, null if there is none.
  const Entry *find(llvm::StringRef key) const;
  Entry *find(llvm::StringRef key);

  /// In words for a message: `the text "x"`, `a mapping`, `nothing`, ...
  std::string describe() const;
};

struct Entry {
  std::string key;
  mlir::Location keyLocation;
  Node value;
};

/// Where text stands: an offset is added to the lines and columns of its nodes.
struct Origin {
  llvm::StringRef file;
  unsigned firstLine = 1;
  unsigned firstColumn = 1; ///< of the first line
};

/// Reads one document. Emits what is wrong as errors with file, line and column.
mlir::FailureOr<Node> parse(llvm::StringRef text, Origin origin, mlir::MLIRContext *context);

} // namespace dreamer::yaml

#endif // DREAMER_LIB_MODELDESCRIPTION_YAML_H

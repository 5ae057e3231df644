// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// JSON from files that nobody has to trust: strict syntax, valid UTF-8, no key twice, bounded
// depth, and access that says where in the document something is missing or of the wrong kind.

#ifndef DREAMER_RUNTIME_CORE_JSON_H
#define DREAMER_RUNTIME_CORE_JSON_H

#include "runtime/core/Status.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace dreamer::runtime {

using Json = nlohmann::json;

/// Parses the whole of `text`. `where` starts the message of a failure.
Result<Json> parseJson(std::string_view text, std::string_view where);

/// "an object", "a string", "a number", ...
std::string_view kindOf(const Json &value);

/// A value and its place in the document, for reading a document against a schema. The first
/// failure is kept in a Status shared by all cursors of the document; after it, reads give empty
/// values, so that a reader checks once, at the end.
class JsonCursor {
public:
  JsonCursor(const Json &value, std::string path, Status &status)
      : value(&value), path(std::move(path)), status(&status) {}

  const Json &json() const { return *value; }
  const std::string &where() const { return path; }

  bool has(std::string_view key) const;
  /// A member that must be there; a null value after a failure.
  JsonCursor at(std::string_view key) const;
  /// Elements of an array (empty if it is none, which is a failure).
  std::vector<JsonCursor> elements() const;
  /// Members of an object, likewise.
  std::vector<std::pair<std::string, JsonCursor>> members() const;

  std::string string() const;
  double number() const;
  /// An integer in minimum..maximum.
  int64_t integer(int64_t minimum, int64_t maximum) const;
  /// An array of at most DREAMER_MAX_RANK sizes.
  std::vector<int64_t> shape() const;

  void fail(std::string_view expected, std::string_view found, std::string_view hint = {}) const;

private:
  const Json *value;
  std::string path;
  Status *status;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_JSON_H

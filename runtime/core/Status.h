// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How everything in the runtime fails: a code and one message that says where, what was expected,
// what was found, and what to do about it.

#ifndef DREAMER_RUNTIME_CORE_STATUS_H
#define DREAMER_RUNTIME_CORE_STATUS_H

#include "dreamer-c/Runtime.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dreamer::runtime {

using StatusCode = dreamer_status;

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message) : theCode(code), theMessage(std::move(message)) {}

  bool ok() const { return theCode == DREAMER_OK; }
  bool failed() const { return !ok(); }
  StatusCode code() const { return theCode; }
  const std::string &message() const { return theMessage; }

private:
  StatusCode theCode = DREAMER_OK;
  std::string theMessage;
};

/// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
public:
  Result(T value) : held(std::move(value)) {}
  Result(Status status) : theStatus(std::move(status)) {}

  bool ok() const { return held.has_value(); }
  bool failed() const { return !ok(); }
  const Status &status() const { return theStatus; }
  // Only after ok(): else std::bad_optional_access, in every build.
  // NOLINTBEGIN(bugprone-unchecked-optional-access)
  T &operator*() { return held.value(); }
  const T &operator*() const { return held.value(); }
  T *operator->() { return &held.value(); }
  const T *operator->() const { return &held.value(); }
  // NOLINTEND(bugprone-unchecked-optional-access)

private:
  std::optional<T> held;
  Status theStatus;
};

/// "<where>: expected <expected>, found <found>; hint: <hint>" (hint optional).
Status failure(StatusCode code, std::string_view where, std::string_view expected,
               std::string_view found, std::string_view hint = {});

/// "<where>: <what>: <text of errno>", for a call of the operating system that failed.
Status systemFailure(std::string_view where, std::string_view what, int errorNumber,
                     std::string_view hint = {});

/// 'text' in quotes, at most 80 bytes of it, with bytes that are not printable ASCII as \xNN: names
/// and contents of files come from anywhere.
std::string inQuotes(std::string_view text);
/// The same without quotes and limit.
std::string escaped(std::string_view text);

/// "a, b and c", at most `limit` of them, then "... and 7 more".
std::string listed(const std::vector<std::string> &names, size_t limit = 8);

/// "did you mean 'core.depth'?" for the candidate nearest to `name`, or "" if none is near.
std::string nearestHint(std::string_view name, const std::vector<std::string> &candidates);

#define DREAMER_RETURN_IF_FAILED(expression)                                                       \
  do {                                                                                             \
    if (::dreamer::runtime::Status status_ = (expression); status_.failed())                       \
      return status_;                                                                              \
  } while (false)

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_STATUS_H

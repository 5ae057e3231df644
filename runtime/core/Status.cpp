// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Status.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace dreamer::runtime {

Status failure(StatusCode code, std::string_view where, std::string_view expected,
               std::string_view found, std::string_view hint) {
  std::string message;
  message.append(where).append(": expected ").append(expected).append(", found ").append(found);
  if (!hint.empty())
    message.append("; hint: ").append(hint);
  return Status(code, std::move(message));
}

Status systemFailure(std::string_view where, std::string_view what, int errorNumber,
                     std::string_view hint) {
  std::string message;
  message.append(where).append(": ").append(what).append(": ").append(std::strerror(errorNumber));
  if (!hint.empty())
    message.append("; hint: ").append(hint);
  StatusCode code = errorNumber == ENOENT   ? DREAMER_NOT_FOUND
                    : errorNumber == ENOMEM ? DREAMER_OUT_OF_MEMORY
                                            : DREAMER_IO_ERROR;
  return Status(code, std::move(message));
}

std::string escaped(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (unsigned char byte : text) {
    if (byte >= 0x20 && byte < 0x7f)
      result += static_cast<char>(byte);
    else
      result.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
  }
  return result;
}

std::string inQuotes(std::string_view text) {
  constexpr size_t limit = 80;
  return "'" + escaped(text.substr(0, limit)) + (text.size() > limit ? "...'" : "'");
}

std::string listed(const std::vector<std::string> &names, size_t limit) {
  std::string result;
  size_t shown = std::min(limit, names.size());
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0)
      result += i + 1 == names.size() ? " and " : ", ";
    result += names[i];
  }
  if (shown < names.size())
    result += ", ... and " + std::to_string(names.size() - shown) + " more";
  return result.empty() ? "nothing" : result;
}

/// Levenshtein distance.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string nearestHint(std::string_view name, const std::vector<std::string> &candidates) {
  if (name.size() > 256) // nobody mistypes that much, and the distance costs its square
    return {};
  const std::string *best = nullptr;
  size_t bestDistance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string &candidate : candidates) {
    size_t distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = &candidate;
      bestDistance = distance;
    }
  }
  return best ? "did you mean " + inQuotes(*best) + "?" : std::string();
}

} // namespace dreamer::runtime

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Small pieces of text for messages, logs and tables.

#ifndef DREAMER_RUNTIME_TRAIN_TEXT_H
#define DREAMER_RUNTIME_TRAIN_TEXT_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dreamer::train {

using runtime::failure;
using runtime::Result;
using runtime::Status;

/// printf's %.*g
std::string formatNumber(double value, int digits = 6);
/// printf's %.*f
std::string formatFixed(double value, int decimals);
/// "1.23k", "4.5M": for people, three digits.
std::string formatCount(double value);
/// "4.0 KiB", "1.5 GiB".
std::string formatBytes(double bytes);
/// "42s", "3m07s", "2h05m".
std::string formatDuration(double seconds);
/// The text in double quotes, on one line, cut after `limit` bytes.
std::string quote(std::string_view text, size_t limit = 60);
/// "a, b or c"
std::string listAlternatives(const std::vector<std::string> &words);

namespace detail {
inline void append(std::string &out, std::string_view part) { out += part; }
inline void append(std::string &out, char part) { out += part; }
inline void append(std::string &out, double part) { out += formatNumber(part); }
template <typename T>
  requires std::is_integral_v<T>
void append(std::string &out, T part) {
  out += std::to_string(part);
}
} // namespace detail

/// The parts one after the other; numbers in decimal.
template <typename... Parts>
std::string text(const Parts &...parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_TEXT_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// UTF-8 checking for everything that comes from a file or a command line.

#ifndef DREAMER_RUNTIME_CORE_UTF8_H
#define DREAMER_RUNTIME_CORE_UTF8_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dreamer::runtime {

/// Where a text stops being UTF-8.
struct Utf8Fault {
  /// Offset of the first byte that begins no character, counted from 0.
  size_t offset = 0;
  /// Line of that byte, counted from 1.
  size_t line = 1;
  /// Its value.
  uint8_t byte = 0;

  /// "invalid UTF-8 at byte 17 (line 2): 0xff"
  std::string describe() const;
};

/// The first place where `text` is not UTF-8 (overlong forms, surrogates and code points above
/// U+10FFFF are refused, Unicode 15 table 3-7), or nothing.
std::optional<Utf8Fault> findUtf8Fault(std::string_view text);

/// Length of the longest prefix of `text` that does not end inside a character: what may be printed
/// while the rest of the bytes is still on its way. Bytes that can never become a character count
/// as complete.
size_t completeUtf8Prefix(std::string_view text);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_UTF8_H

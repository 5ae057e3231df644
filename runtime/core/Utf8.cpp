// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Utf8.h"

#include <algorithm>
#include <cstdio>

namespace dreamer::runtime {
namespace {

uint8_t byteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

/// Bytes of the character that starts with `lead`; 0 if no character does.
size_t characterLength(uint8_t lead) {
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return 2;
  if (lead >= 0xE0 && lead <= 0xEF)
    return 3;
  if (lead >= 0xF0 && lead <= 0xF4)
    return 4;
  return 0;
}

/// Whether `next` may follow `lead` as the second byte; later bytes are always 80..BF.
bool validSecond(uint8_t lead, uint8_t next) {
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return next >= low && next <= high;
}

bool validContinuation(std::string_view text, size_t start, size_t index) {
  uint8_t byte = byteAt(text, start + index);
  return index == 1 ? validSecond(byteAt(text, start), byte) : (byte >= 0x80 && byte <= 0xBF);
}

} // namespace

std::string Utf8Fault::describe() const {
  char buffer[96];
  snprintf(buffer, sizeof(buffer), "invalid UTF-8 at byte %zu (line %zu): 0x%02x", offset, line,
           byte);
  return buffer;
}

std::optional<Utf8Fault> findUtf8Fault(std::string_view text) {
  auto fault = [&](size_t offset) {
    Utf8Fault found;
    found.offset = offset;
    found.byte = byteAt(text, offset);
    found.line = 1 + static_cast<size_t>(std::count(
                         text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n'));
    return found;
  };
  for (size_t i = 0; i < text.size();) {
    size_t length = characterLength(byteAt(text, i));
    if (length == 0 || i + length > text.size())
      return fault(i);
    for (size_t j = 1; j < length; ++j)
      if (!validContinuation(text, i, j))
        return fault(i); // the character begins here, whichever of its bytes is wrong
    i += length;
  }
  return std::nullopt;
}

size_t completeUtf8Prefix(std::string_view text) {
  size_t window = std::min<size_t>(text.size(), 3);
  for (size_t back = 1; back <= window; ++back) {
    size_t start = text.size() - back;
    uint8_t byte = byteAt(text, start);
    if (byte >= 0x80 && byte <= 0xBF)
      continue; // a continuation byte: look for its lead
    if (characterLength(byte) <= back)
      return text.size();
    for (size_t j = 1; j < back; ++j)
      if (!validContinuation(text, start, j))
        return text.size();
    return start;
  }
  return text.size();
}

} // namespace dreamer::runtime

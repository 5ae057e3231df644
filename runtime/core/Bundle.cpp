// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Bundle.h"

namespace dreamer::runtime {

/// Bytes of the UTF-8 sequence at the front of `text`, 0 if there is none.
static size_t sequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  auto in = [&](size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  unsigned first = byte(0);
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return in(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    unsigned low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
    return in(1, low, high) && in(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
    return in(1, low, high) && in(2, 0x80, 0xbf) && in(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = sequenceLength(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

Status Bundle::add(std::string name, Tensor tensor) {
  if (name == "__metadata__" || !isUtf8(name))
    return failure(DREAMER_INVALID_ARGUMENT, "tensor name", "UTF-8 other than '__metadata__'",
                   inQuotes(name));
  if (!places.emplace(name, theEntries.size()).second)
    return failure(DREAMER_INVALID_ARGUMENT, "tensor name", "every name once",
                   inQuotes(name) + " twice");
  theEntries.push_back({std::move(name), std::move(tensor)});
  return {};
}

std::optional<size_t> Bundle::indexOf(std::string_view name) const {
  auto place = places.find(std::string(name));
  return place == places.end() ? std::nullopt : std::optional(place->second);
}

const Tensor *Bundle::find(std::string_view name) const {
  std::optional<size_t> index = indexOf(name);
  return index ? &theEntries[*index].tensor : nullptr;
}

std::vector<std::string> Bundle::names() const {
  std::vector<std::string> result;
  for (const Entry &entry : theEntries)
    result.push_back(entry.name);
  return result;
}

Status Bundle::setMetadata(std::string key, std::string value) {
  if (!isUtf8(key) || !isUtf8(value))
    return failure(DREAMER_INVALID_ARGUMENT, "metadata", "UTF-8",
                   inQuotes(isUtf8(key) ? value : key));
  theMetadata[std::move(key)] = std::move(value);
  return {};
}

} // namespace dreamer::runtime

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Bundle.h"

#include "runtime/core/Utf8.h"

namespace dreamer::runtime {

static bool isUtf8(std::string_view text) { return !findUtf8Fault(text); }

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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Named tensors in order, with text metadata: what a safetensors file holds.

#ifndef DREAMER_RUNTIME_CORE_BUNDLE_H
#define DREAMER_RUNTIME_CORE_BUNDLE_H

#include "runtime/core/Tensor.h"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dreamer::runtime {

class Bundle {
public:
  struct Entry {
    std::string name;
    Tensor tensor;
  };

  /// Shares the tensor's memory. Fails on a name that is taken, reserved ("__metadata__") or not
  /// UTF-8.
  Status add(std::string name, Tensor tensor);
  /// Null if there is none of that name.
  const Tensor *find(std::string_view name) const;
  /// The place of a name among the entries.
  std::optional<size_t> indexOf(std::string_view name) const;
  const std::vector<Entry> &entries() const { return theEntries; }
  std::vector<std::string> names() const;

  /// Fails if key or value is not UTF-8.
  Status setMetadata(std::string key, std::string value);
  const std::map<std::string, std::string> &metadata() const { return theMetadata; }

  /// The file that it came from, for messages; may be empty.
  const std::string &origin() const { return theOrigin; }
  void setOrigin(std::string origin) { theOrigin = std::move(origin); }

private:
  std::string theOrigin;
  std::vector<Entry> theEntries;
  std::unordered_map<std::string, size_t> places;
  std::map<std::string, std::string> theMetadata;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_BUNDLE_H

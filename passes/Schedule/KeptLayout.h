// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory in which a session keeps, for all entries, what they make of parameters alone.

#ifndef DREAMER_PASSES_SCHEDULE_KEPTLAYOUT_H
#define DREAMER_PASSES_SCHEDULE_KEPTLAYOUT_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include <cstdint>

namespace dreamer {

/// Where things lie in it. The memory begins with the generation of the parameters, an i64 that the
/// runtime counts up when they change. Each thing has a header before it, the generation that it was
/// made of; memory that is new is zero, and generations count from 1.
class KeptLayout {
public:
  static constexpr int64_t headerBytes = 64;

  /// The offset of the header of what `key` names; the contents follow it.
  int64_t headerOf(llvm::StringRef key, int64_t bytes) {
    auto [known, isNew] = headers.try_emplace(key, end);
    if (isNew)
      end += headerBytes + llvm::alignTo(bytes, headerBytes);
    return known->second;
  }
  int64_t getBytes() const { return end; }

private:
  llvm::StringMap<int64_t> headers;
  int64_t end = headerBytes;
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_KEPTLAYOUT_H

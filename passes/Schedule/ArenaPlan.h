// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the buffers of an entry lie in its arena.

#ifndef DREAMER_PASSES_SCHEDULE_ARENAPLAN_H
#define DREAMER_PASSES_SCHEDULE_ARENAPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace dreamer {

/// Times from `begin` to `end`, both included.
struct Interval {
  int64_t begin;
  int64_t end;

  bool overlaps(Interval other) const { return begin <= other.end && other.begin <= end; }
};

/// A buffer of the arena.
struct ArenaBuffer {
  int64_t bytes;
  llvm::SmallVector<Interval> live;
  std::string label; ///< for reports
  int64_t offset = -1;

  bool isLiveWith(const ArenaBuffer &other) const;
};

/// Packs buffers that are live at different times into the same bytes: the largest first, each into
/// the tightest gap that those already placed and live with it leave. Offsets are multiples of 64.
class ArenaPlan {
public:
  static constexpr int64_t alignment = 64;

  unsigned add(int64_t bytes, llvm::ArrayRef<Interval> live, std::string label);
  /// Keeps a buffer of one interval until `time` at least.
  void extend(unsigned buffer, int64_t time);
  void solve();

  /// The size of the arena in bytes.
  int64_t getBytes() const { return bytes; }
  const ArenaBuffer &operator[](unsigned buffer) const { return buffers[buffer]; }
  llvm::ArrayRef<ArenaBuffer> getBuffers() const { return buffers; }

  /// Two buffers that are live at the same time and overlap, or a buffer (twice) that does not lie in
  /// the arena. Independent of how `solve` came to its offsets.
  std::optional<std::pair<unsigned, unsigned>> findConflict() const;

private:
  int64_t findGap(const ArenaBuffer &buffer, llvm::ArrayRef<unsigned> placed) const;

  llvm::SmallVector<ArenaBuffer> buffers;
  int64_t bytes = 0;
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_ARENAPLAN_H

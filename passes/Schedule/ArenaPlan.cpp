// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/ArenaPlan.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace dreamer;

bool ArenaBuffer::isLiveWith(const ArenaBuffer &other) const {
  return llvm::any_of(live, [&](Interval mine) {
    return llvm::any_of(other.live, [&](Interval theirs) { return mine.overlaps(theirs); });
  });
}

unsigned ArenaPlan::add(int64_t size, llvm::ArrayRef<Interval> live, std::string label) {
  buffers.push_back({size, llvm::SmallVector<Interval>(live), std::move(label), -1});
  return buffers.size() - 1;
}

void ArenaPlan::extend(unsigned buffer, int64_t time) {
  int64_t &end = buffers[buffer].live.front().end;
  end = std::max(end, time);
}

int64_t ArenaPlan::findGap(const ArenaBuffer &buffer, llvm::ArrayRef<unsigned> placed) const {
  llvm::SmallVector<std::pair<int64_t, int64_t>> taken; // [begin, end) of what is live with it
  for (unsigned other : placed)
    if (buffers[other].isLiveWith(buffer))
      taken.push_back({buffers[other].offset, buffers[other].offset + buffers[other].bytes});
  llvm::sort(taken);
  int64_t best = -1, bestRoom = std::numeric_limits<int64_t>::max(), cursor = 0;
  for (auto [begin, end] : taken) {
    int64_t room = begin - cursor;
    if (room >= buffer.bytes && room < bestRoom) {
      best = cursor;
      bestRoom = room;
    }
    cursor = std::max<int64_t>(cursor, llvm::alignTo(end, alignment));
  }
  return best >= 0 ? best : cursor;
}

void ArenaPlan::solve() {
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, buffers.size()));
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(-buffers[a].bytes, a) < std::pair(-buffers[b].bytes, b);
  });
  llvm::SmallVector<unsigned> placed;
  bytes = 0;
  for (unsigned id : order) {
    buffers[id].offset = findGap(buffers[id], placed);
    bytes =
        std::max<int64_t>(bytes, llvm::alignTo(buffers[id].offset + buffers[id].bytes, alignment));
    placed.push_back(id);
  }
}

std::optional<std::pair<unsigned, unsigned>> ArenaPlan::findConflict() const {
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, buffers.size()));
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(buffers[a].offset, a) < std::pair(buffers[b].offset, b);
  });
  for (auto [i, a] : llvm::enumerate(order)) {
    const ArenaBuffer &first = buffers[a];
    if (first.offset < 0 || first.offset % alignment != 0 || first.offset + first.bytes > bytes)
      return std::pair(a, a);
    for (unsigned b : llvm::ArrayRef(order).drop_front(i + 1)) {
      if (buffers[b].offset >= first.offset + first.bytes)
        break;
      if (first.isLiveWith(buffers[b]))
        return std::pair(a, b);
    }
  }
  return std::nullopt;
}

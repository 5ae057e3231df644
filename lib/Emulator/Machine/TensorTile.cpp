// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/TensorTile.h"

#include <cstring>

namespace dreamer::emulator {

std::vector<TilePiece> piecesOf(const TensorMap &map, std::span<const int32_t> coordinates) {
  int64_t first = coordinates[0], elementBytes = map.elementBytes();
  int64_t low = std::max<int64_t>(0, -first);
  int64_t high = std::min<int64_t>(map.box[0], int64_t(map.dims[0]) - first);
  std::vector<TilePiece> pieces;
  if (low >= high)
    return pieces;
  uint32_t index[TensorMapRequest::mostRank] = {}, row = 0;
  while (true) {
    bool inside = true;
    uint64_t address = map.address + uint64_t((first + low) * elementBytes);
    for (unsigned d = 1; d < map.rank; ++d) {
      int64_t at = coordinates[d] + int64_t(index[d]) * map.steps[d];
      inside &= at >= 0 && at < int64_t(map.dims[d]);
      address += inside ? uint64_t(at) * map.strides[d - 1] : 0;
    }
    if (inside)
      pieces.push_back({reinterpret_cast<std::byte *>(address),
                        uint32_t((row * map.box[0] + low) * elementBytes),
                        uint32_t((high - low) * elementBytes)});
    ++row;
    unsigned d = 1;
    while (d < map.rank && ++index[d] == map.box[d])
      index[d++] = 0;
    if (d >= map.rank)
      return pieces;
  }
}

constexpr uint32_t lineBytes = 128;

uint64_t SharedTile::extentOf(const TensorMap &map) {
  uint64_t bytes = map.tileBytes();
  return map.swizzle == SwizzleMode::None ? bytes : (bytes + lineBytes - 1) / lineBytes * lineBytes;
}

std::vector<SharedRange> SharedTile::ranges() const {
  uint32_t whole = mode == SwizzleMode::None ? bytes : bytes / lineBytes * lineBytes;
  std::vector<SharedRange> ranges;
  if (whole)
    ranges.push_back({offset, whole});
  for (uint32_t at = whole; at < bytes; at += 16)
    ranges.push_back({swizzled(offset + at, mode), 16});
  return ranges;
}

void SharedTile::write(const TilePiece &piece) const {
  eachRun(piece.at, piece.bytes, [&](std::byte *shared, uint32_t at, uint32_t count) {
    std::memcpy(shared, piece.global + at, count);
  });
}

void SharedTile::read(const TilePiece &piece) const {
  eachRun(piece.at, piece.bytes, [&](std::byte *shared, uint32_t at, uint32_t count) {
    std::memcpy(piece.global + at, shared, count);
  });
}

/// Of NaN, the pattern of all ones but the sign; not yet checked on hardware.
void SharedTile::fill(const TensorMap &map) const {
  uint64_t bits = map.fill ? 0x7fff7fff7fff7fff : 0;
  if (map.fill && map.elementBytes() == 4)
    bits = 0x7fffffff7fffffff;
  if (map.fill && map.elementBytes() == 8)
    bits = 0x7fffffffffffffff;
  for (uint32_t at = 0; at < bytes; at += sizeof(bits))
    std::memcpy(memory + swizzled(offset + at, mode), &bits, sizeof(bits));
}

} // namespace dreamer::emulator

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A tile of a tensor: which of its bytes lie where in global and in shared memory.

#ifndef DREAMER_EMULATOR_MACHINE_TENSORTILE_H
#define DREAMER_EMULATOR_MACHINE_TENSORTILE_H

#include "lib/Emulator/Machine/TensorMap.h"

#include <algorithm>
#include <span>
#include <vector>

namespace dreamer::emulator {

/// Bytes that lie together in global memory, and in the tile before it is swizzled.
struct TilePiece {
  std::byte *global;
  uint32_t at; ///< in the tile, bytes
  uint32_t bytes;
};

/// The tile whose first element has these coordinates, innermost first; without what is outside of
/// the tensor.
std::vector<TilePiece> piecesOf(const TensorMap &map, std::span<const int32_t> coordinates);

/// A range of shared memory.
struct SharedRange {
  uint32_t offset, bytes;
};

/// How a tile lies in a block's shared memory: `offset`, a multiple of 128, is where it begins.
class SharedTile {
public:
  SharedTile(const TensorMap &map, std::byte *memory, uint32_t offset)
      : memory(memory), offset(offset), bytes(map.tileBytes()), mode(map.swizzle) {}

  /// Bytes of shared memory from `offset` on that it may touch: swizzling moves pieces within
  /// lines of 128 bytes.
  static uint64_t extentOf(const TensorMap &map);
  std::vector<SharedRange> ranges() const;

  /// Calls function(shared bytes, distance from `at`, count) for runs of [at, at + count).
  template <typename Function>
  void eachRun(uint32_t at, uint32_t count, Function function) const {
    constexpr uint32_t piece = 16;
    for (uint32_t done = 0; done < count;) {
      uint32_t from = offset + at + done, length = count - done;
      if (mode != SwizzleMode::None)
        length = std::min(length, piece - from % piece);
      function(memory + swizzled(from, mode), done, length);
      done += length;
    }
  }
  void write(const TilePiece &piece) const; ///< from global memory
  void fill(const TensorMap &map) const;    ///< what is outside of the tensor
  void read(const TilePiece &piece) const;  ///< to global memory

private:
  std::byte *memory;
  uint32_t offset, bytes;
  SwizzleMode mode;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_TENSORTILE_H

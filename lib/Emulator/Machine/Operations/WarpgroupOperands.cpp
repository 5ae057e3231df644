// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Operations/WarpgroupOperands.h"

#include <bit>
#include <cstring>

namespace dreamer::emulator {

std::vector<ByteRange> PieceSet::ranges() const {
  std::vector<ByteRange> ranges;
  for (uint32_t word = 0; word < bits.size(); ++word)
    for (uint64_t rest = bits[word]; rest;) {
      unsigned first = std::countr_zero(rest), count = std::countr_one(rest >> first);
      uint32_t begin = (word * 64 + first) * 16;
      if (!ranges.empty() && ranges.back().begin + ranges.back().count == begin)
        ranges.back().count += count * 16;
      else
        ranges.push_back({begin, count * 16});
      rest = first + count == 64 ? 0 : rest >> (first + count) << (first + count);
    }
  return ranges;
}

bool WarpgroupOperand::read(const Block &block, uint32_t *words, PieceSet *touched,
                            bool perWarp) const {
  constexpr unsigned wordsOfPiece = 4;
  bool inside = true;
  auto copy = [&](uint32_t address, unsigned row, uint32_t *to) {
    if (address + 16 > block.memoryBytes) {
      std::memset(to, 0, 16);
      inside = false;
      return;
    }
    std::memcpy(to, block.memory + address, 16);
    if (touched)
      touched[perWarp ? row / 16 : 0].insert(address);
  };
  if (isMnMajor) {
    for (unsigned k = 0; k < 16; ++k)
      for (unsigned piece = 0; piece < rows / 8; ++piece, words += wordsOfPiece)
        copy(at.pieceOfColumn(piece, k), piece * 8, words);
    return inside;
  }
  for (unsigned row = 0; row < rows; ++row)
    for (unsigned piece = 0; piece < 2; ++piece, words += wordsOfPiece)
      copy(at.pieceOfRow(row, piece), row, words);
  return inside;
}

} // namespace dreamer::emulator

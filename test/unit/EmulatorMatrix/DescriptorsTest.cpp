// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Descriptors.h"

#include <gtest/gtest.h>

#include <set>

namespace dreamer::emulator::test {

namespace {

uint64_t bitsOf(uint32_t start, uint32_t leading, uint32_t stride, unsigned mode,
                unsigned base = 0) {
  return uint64_t(start >> 4) | uint64_t(leading >> 4) << 16 | uint64_t(stride >> 4) << 32 |
         uint64_t(base) << 49 | uint64_t(mode) << 62;
}

constexpr unsigned none = 0, by128 = 1, by64 = 2, by32 = 3; // as descriptors name them

} // namespace

// The patterns as the PTX ISA draws them: piece c of line r lies at c xor (a function of r).
TEST(Swizzle, IsTheIsasPattern) {
  for (unsigned line = 0; line < 16; ++line)
    for (unsigned piece = 0; piece < 8; ++piece)
      EXPECT_EQ(swizzled(line * 128 + piece * 16 + 5, SwizzleMode::Bytes128),
                line * 128 + (piece ^ line % 8) * 16 + 5);
  for (unsigned line = 0; line < 16; ++line)
    for (unsigned piece = 0; piece < 4; ++piece)
      EXPECT_EQ(swizzled(line * 64 + piece * 16, SwizzleMode::Bytes64),
                line * 64 + (piece ^ line / 2 % 4) * 16);
  for (unsigned line = 0; line < 16; ++line)
    for (unsigned piece = 0; piece < 2; ++piece)
      EXPECT_EQ(swizzled(line * 32 + piece * 16, SwizzleMode::Bytes32),
                line * 32 + (piece ^ line / 4 % 2) * 16);
  EXPECT_EQ(swizzled(0x1abcd, SwizzleMode::None), 0x1abcdu);
}

TEST(Swizzle, MovesWithinItsPeriodOnly) {
  for (SwizzleMode mode :
       {SwizzleMode::None, SwizzleMode::Bytes32, SwizzleMode::Bytes64, SwizzleMode::Bytes128}) {
    uint32_t period = swizzlePeriod(mode);
    std::set<uint32_t> images;
    for (uint32_t at = 0; at < period; ++at) {
      images.insert(swizzled(at, mode));
      EXPECT_EQ(swizzled(at + 3 * period, mode), swizzled(at, mode) + 3 * period);
      EXPECT_EQ(swizzled(swizzled(at, mode), mode), at);
    }
    EXPECT_EQ(images.size(), period);
    EXPECT_EQ(*images.rbegin(), period - 1);
  }
}

TEST(Descriptors, Fields) {
  MatrixDescriptor one(bitsOf(0x3fff0, 0x120, 0x400, by64, 5));
  EXPECT_EQ(one.start, 0x3fff0u);
  EXPECT_EQ(one.leading, 0x120u);
  EXPECT_EQ(one.stride, 0x400u);
  EXPECT_EQ(one.base, 5u * 128);
  EXPECT_EQ(one.mode, SwizzleMode::Bytes64);
  EXPECT_FALSE(one.reserved);
  EXPECT_EQ(MatrixDescriptor(bitsOf(0, 0, 0, none)).mode, SwizzleMode::None);
  EXPECT_EQ(MatrixDescriptor(bitsOf(0, 0, 0, by128)).mode, SwizzleMode::Bytes128);
  EXPECT_EQ(MatrixDescriptor(bitsOf(0, 0, 0, by32)).mode, SwizzleMode::Bytes32);
  for (unsigned bit = 0; bit < 64; ++bit) {
    bool means = bit < 14 || (bit >= 16 && bit < 30) || (bit >= 32 && bit < 46) ||
                 (bit >= 49 && bit < 52) || bit >= 62;
    EXPECT_EQ(MatrixDescriptor(uint64_t(1) << bit).reserved, !means) << bit;
  }
}

TEST(Descriptors, KMajor) {
  MatrixDescriptor plain(bitsOf(0x1000, 0x80, 0x100, none));
  EXPECT_EQ(plain.pieceOfRow(0, 0), 0x1000u);
  EXPECT_EQ(plain.pieceOfRow(3, 0), 0x1030u);
  EXPECT_EQ(plain.pieceOfRow(3, 1), 0x10b0u);
  EXPECT_EQ(plain.pieceOfRow(11, 1), 0x11b0u);
  // The second 32 bytes of rows of 128: pieces 2 and 3, exclusive-ored with the row.
  MatrixDescriptor wide(bitsOf(0x1000 + 32, 0, 0x400, by128));
  for (unsigned row = 0; row < 24; ++row)
    for (unsigned piece = 0; piece < 2; ++piece)
      EXPECT_EQ(wide.pieceOfRow(row, piece), 0x1000 + row * 128 + ((2 + piece) ^ row % 8) * 16);
  MatrixDescriptor half(bitsOf(0x200, 0, 0x200, by64));
  EXPECT_EQ(half.pieceOfRow(2, 0), 0x200u + 2 * 64 + 16);
  MatrixDescriptor quarter(bitsOf(0x100, 0, 0x100, by32));
  EXPECT_EQ(quarter.pieceOfRow(5, 1), 0x100u + 5 * 32);
}

TEST(Descriptors, MnMajor) {
  MatrixDescriptor plain(bitsOf(0, 0x800, 0x80, none));
  EXPECT_EQ(plain.pieceOfColumn(0, 3), 0x30u);
  EXPECT_EQ(plain.pieceOfColumn(2, 3), 0x130u);
  EXPECT_EQ(plain.pieceOfColumn(2, 11), 0x930u);
  MatrixDescriptor wide(bitsOf(0, 0x2000, 0x400, by128));
  for (unsigned k = 0; k < 16; ++k)
    for (unsigned piece = 0; piece < 16; ++piece)
      EXPECT_EQ(wide.pieceOfColumn(piece, k),
                piece / 8 * 0x2000 + k * 128 + (piece % 8 ^ k % 8) * 16);
}

// A pattern that begins at an odd line: the base offset takes that back.
TEST(Descriptors, BaseOffset) {
  MatrixDescriptor moved(bitsOf(0x1000 + 3 * 128, 0, 0x400, by128, 3));
  MatrixDescriptor aligned(bitsOf(0x1000, 0, 0x400, by128));
  for (unsigned row = 0; row < 16; ++row)
    EXPECT_EQ(moved.pieceOfRow(row, 1), aligned.pieceOfRow(row, 1) + 3 * 128);
}

} // namespace dreamer::emulator::test

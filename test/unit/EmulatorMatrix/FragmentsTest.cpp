// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/EmulatorMatrix/Plain.h"

#include <gtest/gtest.h>

namespace dreamer::emulator::test {

// The closed formulas against the tables of the PTX ISA, element by element.
TEST(Fragments, AreThoseOfTheIsa) {
  for (const PlainFragments &plain : plainFragments()) {
    unsigned packed = plain.bits == 64 ? 1 : 32 / plain.bits;
    SCOPED_TRACE(testing::Message() << "m" << plain.m << "n8k" << plain.k << ", " << plain.bits);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = lane % 4;
      for (unsigned i = 0; i < plain.m * plain.k / 32; ++i)
        EXPECT_EQ(placeInA(plain.m, packed, lane, i / packed, i % packed), plain.a(g, t, i));
      for (unsigned i = 0; i < 8 * plain.k / 32; ++i)
        EXPECT_EQ(placeInB(packed, lane, i / packed, i % packed), plain.b(g, t, i));
      for (unsigned i = 0; i < plain.m * 8 / 32; ++i) {
        EXPECT_EQ(placeInAccumulator(plain.m, 1, lane, i, 0), plain.c(g, t, i));
        EXPECT_EQ(placeInAccumulator(plain.m, 2, lane, i / 2, i % 2), plain.c(g, t, i));
      }
    }
  }
}

// "Register Fragments" of wgmma: d0, d1 in row lane / 4, d2, d3 eight rows below, then on to the
// next eight columns.
TEST(Fragments, OfWgmmaRepeatEveryEightColumns) {
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 128; ++i) {
      Place expected{lane / 4 + (i % 4 < 2 ? 0 : 8), 8 * (i / 4) + lane % 4 * 2 + i % 2};
      EXPECT_EQ(placeInAccumulator(16, 1, lane, i, 0), expected);
      EXPECT_EQ(placeInAccumulator(16, 2, lane, i / 2, i % 2), expected);
    }
}

TEST(Fragments, OfQuadsCoverEachMatrixOnce) {
  for (bool flag : {false, true})
    for (unsigned quad = 0; quad < 4; ++quad) {
      unsigned inA[8][4] = {}, inB[4][8] = {}, inC[8][8] = {};
      for (unsigned i = 0; i < 8; ++i) {
        unsigned lane = 4 * quad + i % 4 + i / 4 * 16;
        for (unsigned e = 0; e < 4; ++e) {
          Place a = placeInQuadA(flag, lane, e), b = placeInQuadB(flag, lane, e);
          ++inA[a.row][a.column];
          ++inB[b.row][b.column];
        }
        for (unsigned e = 0; e < 8; ++e) {
          Place c = placeInQuadAccumulator(flag, lane, e);
          ++inC[c.row][c.column];
        }
      }
      for (unsigned r = 0; r < 8; ++r)
        for (unsigned c = 0; c < 8; ++c) {
          EXPECT_EQ(inC[r][c], 1u);
          EXPECT_EQ(c < 4 ? inA[r][c] : inB[r % 4][c], 1u);
        }
    }
}

} // namespace dreamer::emulator::test

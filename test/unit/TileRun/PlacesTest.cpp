// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views, gathered rows, forms, what is valid, what nobody wrote.

#include "test/unit/TileRun/Program.h"
#include <cmath>

using namespace dreamer;
using namespace dreamer::test;
using reference::Floats;
using reference::Ints;
using testing::ElementsAre;

namespace {

using Places = Program;

TEST_F(Places, ViewInBothOrders) {
  auto arrays = run("!r = !tile.mem<2x3xf32, global, rows>\n"
                    "!c = !tile.mem<2x3xf32, global, columns>\n"
                    "!t = !tile.reg<2x3xf32, vectors>",
                    "%x: memref<4x5xf32>, %r: memref<2x3xf32>, %c: memref<2x3xf32>", R"(
      %rows = tile.view %x[%c1, %c2] : memref<4x5xf32> -> !r
      %columns = tile.view %x[%c1, %c2] : memref<4x5xf32> -> !c
      %a = tile.load %rows : !r -> !t
      %b = tile.load %columns : !c -> !t
      %ra = tile.view %r[%c0, %c0] : memref<2x3xf32> -> !r
      %rb = tile.view %c[%c0, %c0] : memref<2x3xf32> -> !r
      tile.store %a, %ra : !t, !r
      tile.store %b, %rb : !t, !r)",
                    {{counting({4, 5})}, output({2, 3}), output({2, 3})});
  EXPECT_THAT(elements(arrays, 1), ElementsAre(7, 8, 9, 12, 13, 14));
  EXPECT_THAT(elements(arrays, 2), ElementsAre(7, 12, 17, 8, 13, 18)); // the transposed window
}

TEST_F(Places, ValidReadsZeroAndWritesNothing) {
  auto arrays = run("!m = !tile.mem<2x3xf32, global, rows>\n!t = !tile.reg<2x3xf32, vectors>",
                    "%x: memref<2x2xf32>, %y: memref<2x3xf32>, %z: memref<2x3xf32>", R"(
      %from = tile.view %x[%c1, %c0] valid(%c1, %c2) : memref<2x2xf32> -> !m
      %a = tile.load %from : !m -> !t
      %all = tile.view %y[%c0, %c0] : memref<2x3xf32> -> !m
      tile.store %a, %all : !t, !m
      %part = tile.view %z[%c0, %c0] valid(%c2, %c1) : memref<2x3xf32> -> !m
      tile.store %a, %part : !t, !m)",
                    {{counting({2, 2})}, output({2, 3}), {counting({2, 3})}});
  EXPECT_THAT(elements(arrays, 1), ElementsAre(2, 3, 0, 0, 0, 0));
  EXPECT_THAT(elements(arrays, 2), ElementsAre(2, 1, 2, 0, 4, 5));
}

TEST_F(Places, OutsideWithoutValidIsAnError) {
  fails("!m = !tile.mem<2x3xf32, global, rows>\n!t = !tile.reg<2x3xf32, vectors>",
        "%x: memref<2x3xf32>", R"(
      %v = tile.view %x[%c1, %c0] : memref<2x3xf32> -> !m
      %a = tile.load %v : !m -> !t)",
        {{counting({2, 3})}},
        "expected an element of the array or place of 2x3 at [1, 0] of "
        "'!tile.mem<2x3xf32, global, rows>', found one outside of it");
}

TEST_F(Places, GatheredRowsReadAndWrite) {
  const char *aliases = "!ids = !tile.mem<3x1xi32, global, rows>\n"
                        "!m = !tile.mem<3x2xf32, global, rows>\n!t = !tile.reg<3x2xf32, vectors>";
  auto arrays =
      run(aliases,
          "%x: memref<4x3xf32>, %ids: memref<3x1xi32>, %y: memref<3x2xf32>, %z: memref<4x3xf32>",
          R"(
      %i = tile.view %ids[%c0, %c0] : memref<3x1xi32> -> !ids
      %rows = tile.rows %x[%i, %c1] : memref<4x3xf32>, !ids -> !m
      %a = tile.load %rows : !m -> !t
      %v = tile.view %y[%c0, %c0] : memref<3x2xf32> -> !m
      tile.store %a, %v : !t, !m
      %to = tile.rows %z[%i, %c1] : memref<4x3xf32>, !ids -> !m
      tile.store %a, %to by add : !t, !m)",
          {{counting({4, 3})}, {Ints({3, 1}, {2, -1, 0})}, output({3, 2}), {counting({4, 3})}});
  EXPECT_THAT(elements(arrays, 2), ElementsAre(7, 8, 0, 0, 1, 2));
  EXPECT_THAT(elements(arrays, 3), ElementsAre(0, 2, 4, 3, 4, 5, 6, 14, 16, 9, 10, 11));
  // Of columns some may not be there.
  arrays = run(aliases, "%ids: memref<3x1xi32>, %y: memref<3x2xf32>, %z: memref<4x3xf32>", R"(
      %i = tile.view %ids[%c0, %c0] : memref<3x1xi32> -> !ids
      %to = tile.rows %z[%i, %c1] valid(%c1) : memref<4x3xf32>, !ids -> !m
      %a = tile.load %to : !m -> !t
      %v = tile.view %y[%c0, %c0] : memref<3x2xf32> -> !m
      tile.store %a, %v : !t, !m
      tile.store %a, %to by add : !t, !m)",
               {{Ints({3, 1}, {2, -1, 0})}, output({3, 2}), {counting({4, 3})}});
  EXPECT_THAT(elements(arrays, 1), ElementsAre(7, 0, 0, 0, 1, 0));
  EXPECT_THAT(elements(arrays, 2), ElementsAre(0, 2, 2, 3, 4, 5, 6, 14, 8, 9, 10, 11));
  fails(aliases, "%x: memref<4x3xf32>, %ids: memref<3x1xi32>", R"(
      %i = tile.view %ids[%c0, %c0] : memref<3x1xi32> -> !ids
      %rows = tile.rows %x[%i, %c1] : memref<4x3xf32>, !ids -> !m
      %a = tile.load %rows : !m -> !t)",
        {{counting({4, 3})}, {Ints({3, 1}, {2, 4, 0})}}, "at [1, 0] of");
}

TEST_F(Places, CombineStore) {
  for (const auto &[word, expected] : {std::pair("add", std::vector<double>{5, 0, 7}),
                                       std::pair("max", std::vector<double>{4, 1, 5}),
                                       std::pair("min", std::vector<double>{1, -1, 2})}) {
    auto arrays = run("!m = !tile.mem<1x3xf32, global, rows>\n!t = !tile.reg<1x3xf32, vectors>",
                      "%x: memref<1x3xf32>, %y: memref<1x3xf32>", std::string(R"(
      %v = tile.view %x[%c0, %c0] : memref<1x3xf32> -> !m
      %a = tile.load %v : !m -> !t
      %w = tile.view %y[%c0, %c0] : memref<1x3xf32> -> !m
      tile.store %a, %w by )") + word + " : !t, !m",
                      {{Floats({1, 3}, {1, -1, 5})}, {Floats({1, 3}, {4, 1, 2})}});
    EXPECT_EQ(elements(arrays, 1), expected) << word;
  }
  fails("!m = !tile.mem<1x3xf32, global, rows>\n!t = !tile.reg<1x3xf32, vectors>",
        "%y: memref<1x3xf32>", R"(
      %zero = arith.constant 0.0 : f32
      %a = tile.fill %zero : f32 -> !t
      %w = tile.view %y[%c0, %c0] : memref<1x3xf32> -> !m
      tile.store %a, %w by add : !t, !m)",
        {output({1, 3})}, "expected an element that was written, to combine with at [0, 0]");
}

TEST_F(Places, WhatNobodyWroteIsAnError) {
  fails("!m = !tile.mem<2x3xf32, shared, rows>\n!p = !tile.mem<2x2xf32, shared, rows>\n"
        "!t = !tile.reg<2x3xf32, vectors>\n!s = !tile.reg<2x2xf32, vectors>",
        "", R"(
      %zero = arith.constant 0.0 : f32
      %m = tile.alloc : !m
      %part = tile.view %m[%c0, %c0] : !m -> !p
      %a = tile.fill %zero : f32 -> !s
      tile.store %a, %part : !s, !p
      %b = tile.load %m : !m -> !t)",
        {}, "expected an element that was written at [0, 2]");
  fails("", "%x: memref<2xf32>, %y: memref<2xf32>", R"(
      %a = memref.load %x[%c1] : memref<2xf32>
      memref.store %a, %y[%c0] : memref<2xf32>
      %b = memref.load %y[%c1] : memref<2xf32>)",
        {{counting({2})}, output({2})},
        "expected an element that was written, found one that was not");
  fails("", "%x: memref<2xf32>", "%a = memref.load %x[%c2] : memref<2xf32>", {{counting({2})}},
        "expected an index within 2, found 2");
}

/// Whatever the form and order of a place: what is copied in comes out again, whole and in part.
TEST_F(Places, FormsKeepElements) {
  Floats x = roundToBF16(randomFloats({64, 128}, 5));
  for (const char *form : {"", ", swizzle32", ", swizzle64", ", swizzle128"})
    for (const char *order : {"rows", "columns"}) {
      std::string rest = std::string("xbf16, shared, ") + order + form + ">\n";
      auto arrays = run("!s = !tile.mem<64x128" + rest + "!part = !tile.mem<64x64" + rest +
                            "!g = !tile.mem<64x128xbf16, global, rows>\n"
                            "!o = !tile.mem<64x64xbf16, global, columns>",
                        "%x: memref<64x128xbf16>, %y: memref<64x64xbf16>", R"(
      %c64 = arith.constant 64 : index
      %s = tile.alloc : !s
      %from = tile.view %x[%c0, %c0] : memref<64x128xbf16> -> !g
      tile.copy %from to %s : !g, !s
      %part = tile.view %s[%c0, %c64] : !s -> !part
      %to = tile.view %y[%c0, %c0] : memref<64x64xbf16> -> !o
      tile.copy %part to %to : !part, !o)",
                        {{x}, output({64, 64})});
      ASSERT_EQ(arrays.size(), 2u);
      for (int64_t r = 0; r < 64; ++r)
        for (int64_t c = 0; c < 64; ++c)
          ASSERT_EQ(std::get<Floats>(arrays[1])(c, r), x(r, 64 + c)) << order << form;
    }
}

TEST_F(Places, TransposedViewOfASwizzledPlace) {
  // Element (r, c) of the view is element (1 + c, 64 + r) of the place.
  auto arrays = run("!s = !tile.mem<8x128xbf16, shared, rows, swizzle128>\n"
                    "!part = !tile.mem<64x2xbf16, shared, columns, swizzle128>\n"
                    "!g = !tile.mem<8x128xbf16, global, rows>\n"
                    "!o = !tile.mem<64x2xbf16, global, rows>",
                    "%x: memref<8x128xbf16>, %y: memref<64x2xbf16>", R"(
      %c64 = arith.constant 64 : index
      %s = tile.alloc : !s
      %from = tile.view %x[%c0, %c0] : memref<8x128xbf16> -> !g
      tile.copy %from to %s : !g, !s
      %part = tile.view %s[%c1, %c64] : !s -> !part
      %to = tile.view %y[%c0, %c0] : memref<64x2xbf16> -> !o
      tile.copy %part to %to : !part, !o)",
                    {{randomFloats({8, 128}, 3)}, output({64, 2})});
  Floats x = roundToBF16(randomFloats({8, 128}, 3));
  ASSERT_EQ(arrays.size(), 2u);
  for (int64_t r = 0; r < 64; ++r)
    for (int64_t c = 0; c < 2; ++c)
      EXPECT_EQ(std::get<Floats>(arrays[1])(r, c), x(1 + c, 64 + r));
}

TEST_F(Places, PairsOfAnArray) {
  // A packed array [rows / 2][columns][2] read as a tile, and a copy that packs.
  auto arrays = run("!p = !tile.mem<4x3xbf16, global, rows, pairs>\n"
                    "!s = !tile.mem<4x3xbf16, shared, rows, pairs>\n"
                    "!r = !tile.mem<4x3xbf16, global, rows>",
                    "%x: memref<2x3x2xbf16>, %y: memref<4x3xbf16>, %z: memref<2x3x2xbf16>", R"(
      %packed = tile.view %x[%c0, %c0, %c0] : memref<2x3x2xbf16> -> !p
      %plain = tile.view %y[%c0, %c0] : memref<4x3xbf16> -> !r
      tile.copy %packed to %plain : !p, !r
      %s = tile.alloc : !s
      tile.copy %plain to %s : !r, !s
      %again = tile.view %z[%c0, %c0, %c0] : memref<2x3x2xbf16> -> !p
      tile.copy %s to %again : !s, !p)",
                    {{counting({2, 3, 2})}, output({4, 3}), output({2, 3, 2})});
  EXPECT_THAT(elements(arrays, 1), ElementsAre(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11));
  EXPECT_EQ(elements(arrays, 2), counting({2, 3, 2}).data());
}

TEST_F(Places, WhatWasNotWrittenIsNaN) {
  auto arrays = run("!m = !tile.mem<1x2xf32, global, rows>\n!t = !tile.reg<1x2xf32, vectors>",
                    "%y: memref<2x2xf32>", R"(
      %one = arith.constant 1.0 : f32
      %a = tile.fill %one : f32 -> !t
      %w = tile.view %y[%c1, %c0] : memref<2x2xf32> -> !m
      tile.store %a, %w : !t, !m)",
                    {output({2, 2})});
  std::vector<double> y = elements(arrays, 0);
  ASSERT_EQ(y.size(), 4u);
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  EXPECT_EQ(y[2], 1);
}

TEST_F(Places, ArgumentsAreChecked) {
  fails("", "%x: memref<2xf32>", "", {{counting({3})}},
        "expected 'memref<2xf32>' as argument 0, found f64[3]");
  fails("", "%x: memref<2xf32>", "", {}, "expected 1 arguments, found 0");
  fails("", "%x: memref<2xi32>", "", {{counting({2})}}, "expected 'memref<2xi32>' as argument 0");
  fails("", "%x: index", "", {{counting({1})}}, "expected 'index' as argument 0");
}

TEST_F(Places, SizesBeyondReason) {
  fails("!huge = !tile.mem<1000000x1000000xf32, shared, rows>", "", "%s = tile.alloc : !huge", {},
        "expected a tile or ring of at most 67108864 elements");
  fails("!m = !tile.mem<1x1xf32, global, rows>\n!t = !tile.reg<1x1xf32, vectors>",
        "%x: memref<2x3xf32>, %n: index", R"(
      %v = tile.view %x[%n, %c0] : memref<2x3xf32> -> !m
      %a = tile.load %v : !m -> !t)",
        {{counting({2, 3})}, {std::numeric_limits<int64_t>::max()}}, "found one outside of it");
}

TEST_F(Places, DynamicSizesAndNumbers) {
  auto arrays = run("", "%x: memref<?xf32>, %n: index, %f: f32", R"(
      %size = memref.dim %x, %c0 : memref<?xf32>
      %last = arith.subi %size, %n : index
      memref.store %f, %x[%last] : memref<?xf32>)",
                    {{counting({5})}, {int64_t(2)}, {Floats::scalar(0.1)}});
  EXPECT_EQ(elements(arrays, 0)[3], double(0.1f));
}

} // namespace

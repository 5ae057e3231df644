// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic, maps, reductions, products, loops.

#include "test/unit/TileRun/Program.h"
#include <cmath>

using namespace dreamer;
using namespace dreamer::test;
using reference::Floats;
using reference::Ints;
using testing::ElementsAre;

namespace {

class Values : public Program {
protected:
  /// The result of `body`, which computes %r : f32 from %a, %b : f32.
  double compute(const std::string &body, double a, double b) {
    auto arrays = run("", "%y: memref<1xf32>, %a: f32, %b: f32",
                      body + "\nmemref.store %r, %y[%c0] : memref<1xf32>",
                      {output({1}), {Floats::scalar(a)}, {Floats::scalar(b)}});
    return arrays.empty() ? std::nan("") : elements(arrays, 0)[0];
  }
  /// The same for i32.
  int32_t computeInteger(const std::string &body, int32_t a, int32_t b) {
    auto arrays = run("", "%y: memref<1xi32>, %a: i32, %b: i32",
                      body + "\nmemref.store %r, %y[%c0] : memref<1xi32>",
                      {{Ints({1}), false}, {Ints::scalar(a)}, {Ints::scalar(b)}});
    return arrays.empty() ? 0 : std::get<Ints>(arrays[0]).data()[0];
  }
};

TEST_F(Values, RealsAreRoundedToTheirType) {
  float a = 0.1f, b = 3.3f;
  EXPECT_EQ(compute("%r = arith.addf %a, %b : f32", a, b), a + b);
  EXPECT_EQ(compute("%r = arith.divf %a, %b : f32", a, b), a / b);
  EXPECT_EQ(compute("%r = math.fma %a, %b, %a : f32", a, b), std::fma(a, b, a));
  EXPECT_EQ(compute("%r = math.exp2 %b : f32", a, b), std::exp2(b));
  EXPECT_EQ(compute("%n = arith.truncf %b : f32 to bf16\n%r = arith.extf %n : bf16 to f32", a, b),
            3.296875);
  // To nearest, ties to even: 1 + 1/256 is halfway between 1 and 1 + 1/128.
  EXPECT_EQ(compute("%n = arith.truncf %b : f32 to bf16\n%r = arith.extf %n : bf16 to f32", 0,
                    1 + 1.0 / 256),
            1);
  EXPECT_EQ(compute("%n = arith.truncf %b : f32 to f16\n%m = arith.addf %n, %n : f16\n"
                    "%r = arith.extf %m : f16 to f32",
                    0, 1e-4),
            1678 * 0x1p-23);
  EXPECT_TRUE(std::isnan(compute("%r = arith.maximumf %a, %b : f32", NAN, 1)));
  EXPECT_EQ(compute("%r = arith.maxnumf %a, %b : f32", NAN, 1), 1);
  EXPECT_EQ(compute("%s = arith.cmpf olt, %a, %b : f32\n%r = arith.select %s, %b, %a : f32", 1, 2),
            2);
  EXPECT_EQ(compute("%r = arith.negf %a : f32", 1, 2), -1);
}

TEST_F(Values, IntegersWrapAndKeepTheirSign) {
  EXPECT_EQ(computeInteger("%r = arith.addi %a, %b : i32", 2147483647, 1), -2147483648);
  EXPECT_EQ(computeInteger("%r = arith.divsi %a, %b : i32", -7, 2), -3);
  EXPECT_EQ(computeInteger("%r = arith.floordivsi %a, %b : i32", -7, 2), -4);
  EXPECT_EQ(computeInteger("%r = arith.ceildivsi %a, %b : i32", 7, 2), 4);
  EXPECT_EQ(computeInteger("%r = arith.divui %a, %b : i32", -2, 2), 2147483647);
  EXPECT_EQ(computeInteger("%r = arith.remsi %a, %b : i32", -7, 4), -3);
  EXPECT_EQ(computeInteger("%r = arith.shrui %a, %b : i32", -1, 28), 15);
  EXPECT_EQ(computeInteger("%r = arith.shrsi %a, %b : i32", -16, 2), -4);
  EXPECT_EQ(
      computeInteger("%s = arith.cmpi ult, %a, %b : i32\n%r = arith.extui %s : i1 to i32", 1, -1),
      1);
  EXPECT_EQ(
      computeInteger("%s = arith.cmpi slt, %a, %b : i32\n%r = arith.extsi %s : i1 to i32", -2, -1),
      -1);
  EXPECT_EQ(
      computeInteger("%n = arith.trunci %a : i32 to i8\n%r = arith.extsi %n : i8 to i32", 200, 0),
      -56);
  EXPECT_EQ(
      computeInteger("%f = arith.sitofp %a : i32 to f32\n%r = arith.fptosi %f : f32 to i32", -9, 0),
      -9);
  EXPECT_EQ(computeInteger(
                "%i = arith.index_cast %a : i32 to index\n%r = arith.index_cast %i : index to i32",
                -9, 0),
            -9);
}

TEST_F(Values, WhatHasNoResultIsAnError) {
  fails("", "", "%r = arith.divui %c1, %c0 : index", {}, "expected a divisor, found 0");
  fails("", "", "%c64 = arith.constant 64 : index\n%r = arith.shli %c1, %c64 : index", {},
        "expected a shift by less than 64, found 64");
  fails("", "", "%f = arith.constant 1.0e30 : f32\n%r = arith.fptosi %f : f32 to i32", {},
        "expected a number that an integer can hold");
  fails(
      "", "", "%m = memref.alloc() : memref<2xf32>", {},
      "expected an operation of tile programs (tile, scf, arith, math, memref.load, memref.store, "
      "memref.dim, func.call), found 'memref.alloc'");
  fails("", "", "func.call @f() : () -> ()", {}, "expected calls at most 100 deep");
  fails("", "", "scf.for %i = %c0 to %c4 step %c0 {\n}", {}, "expected a step above 0, found 0");
}

TEST_F(Values, MapsSeeElementsScalarsAndCoordinates) {
  auto arrays = run("!m = !tile.mem<2x3xf32, global, rows>\n!t = !tile.reg<2x3xf32, vectors>\n"
                    "!i = !tile.reg<2x3xi32, vectors>",
                    "%x: memref<2x3xf32>, %y: memref<2x3xf32>, %z: memref<2x3xf32>, %f: f32", R"(
      %v = tile.view %x[%c0, %c0] : memref<2x3xf32> -> !m
      %a = tile.load %v : !m -> !t
      %b, %n = tile.map (%a, %a) with (%f, %c4) : (!t, !t, f32, index) -> (!t, !i) {
      ^bb0(%p: f32, %q: f32, %s: f32, %k: index):
        %two = arith.constant 2.0 : f32
        %u = arith.mulf %q, %two : f32
        %w = arith.addf %u, %s : f32
        %r = tile.coordinate 0
        %c = tile.coordinate 1
        %rk = arith.muli %r, %k : index
        %rc = arith.addi %rk, %c : index
        %rc32 = arith.index_cast %rc : index to i32
        tile.yield %w, %rc32 : f32, i32
      }
      %back = tile.map (%n) : (!i) -> !t {
      ^bb0(%p: i32):
        %w = arith.sitofp %p : i32 to f32
        tile.yield %w : f32
      }
      %vy = tile.view %y[%c0, %c0] : memref<2x3xf32> -> !m
      tile.store %b, %vy : !t, !m
      %vz = tile.view %z[%c0, %c0] : memref<2x3xf32> -> !m
      tile.store %back, %vz : !t, !m)",
                    {{counting({2, 3})}, output({2, 3}), output({2, 3}), {Floats::scalar(0.5)}});
  EXPECT_THAT(elements(arrays, 1), ElementsAre(0.5, 2.5, 4.5, 6.5, 8.5, 10.5));
  EXPECT_THAT(elements(arrays, 2), ElementsAre(0, 1, 2, 4, 5, 6));
}

TEST_F(Values, ReduceAndBroadcast) {
  for (const auto &[word, expected] :
       {std::pair("add", std::vector<double>{6, 6, 6, -3, -3, -3}),
        std::pair("max", std::vector<double>{3, 3, 3, 4, 4, 4}),
        std::pair("min", std::vector<double>{1, 1, 1, -5, -5, -5})}) {
    auto arrays = run("!m = !tile.mem<2x3xf32, global, rows>\n!t = !tile.reg<2x3xf32, vectors>\n"
                      "!c = !tile.reg<2x1xf32, slice vectors>",
                      "%x: memref<2x3xf32>, %y: memref<2x3xf32>", std::string(R"(
      %v = tile.view %x[%c0, %c0] : memref<2x3xf32> -> !m
      %a = tile.load %v : !m -> !t
      %s = tile.reduce )") + word + R"( %a : !t -> !c
      %b = tile.broadcast %s : !c -> !t
      %w = tile.view %y[%c0, %c0] : memref<2x3xf32> -> !m
      tile.store %b, %w : !t, !m)",
                      {{Floats({2, 3}, {1, 2, 3, 4, -5, -2})}, output({2, 3})});
    EXPECT_EQ(elements(arrays, 1), expected) << word;
  }
}

/// Sums are f32, in the order of k: 2^24 + 1 - 2^24 is 0, as 2^24 + 1 rounds to 2^24.
TEST_F(Values, ProductsAreSummedInF32InOrder) {
  auto arrays =
      run("!a = !tile.mem<1x3xf32, global, rows>\n!b = !tile.mem<3x1xf32, global, rows>\n"
          "!c = !tile.mem<1x1xf32, global, rows>\n!t = !tile.reg<1x1xf32, vectors>",
          "%a: memref<1x3xf32>, %b: memref<3x1xf32>, %y: memref<1x1xf32>", R"(
      %va = tile.view %a[%c0, %c0] : memref<1x3xf32> -> !a
      %vb = tile.view %b[%c0, %c0] : memref<3x1xf32> -> !b
      %zero = arith.constant 0.5 : f32
      %start = tile.fill %zero : f32 -> !t
      %s = tile.mma %va, %vb, %start : !a, !b, !t
      %w = tile.view %y[%c0, %c0] : memref<1x1xf32> -> !c
      tile.store %s, %w : !t, !c)",
          {{Floats({1, 3}, {0x1p24, 1, -0x1p24})}, {Floats({3, 1}, {1, 1, 1})}, output({1, 1})});
  EXPECT_THAT(elements(arrays, 2), ElementsAre(0));
}

TEST_F(Values, ConvertLayoutKeepsElements) {
  Floats x = roundToBF16(randomFloats({16, 16}, 9));
  auto arrays = run("!m = !tile.mem<16x16xbf16, global, rows>\n"
                    "!c = !tile.reg<16x16xbf16, mma_c, warps 1x1>\n"
                    "!l = !tile.reg<16x16xbf16, blocked>",
                    "%x: memref<16x16xbf16>, %y: memref<16x16xbf16>", R"(
      %v = tile.view %x[%c0, %c0] : memref<16x16xbf16> -> !m
      %a = tile.load %v : !m -> !l
      %b = tile.convert_layout %a : !l -> !c
      %w = tile.view %y[%c0, %c0] : memref<16x16xbf16> -> !m
      tile.store %b, %w : !c, !m)",
                    {{x}, output({16, 16})});
  EXPECT_EQ(elements(arrays, 1), x.data());
}

TEST_F(Values, LoopsConditionsCallsAndBlocks) {
  auto module = parse(*context, R"(
    func.func private @twice(%x: index) -> index {
      %c2 = arith.constant 2 : index
      %y = arith.muli %x, %c2 : index
      return %y : index
    }
    func.func @f(%y: memref<8xi32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %id = tile.block_id
      %n = tile.block_count
      scf.for %i = %id to %c8 step %n {
        %a, %b = scf.for %j = %c0 to %i step %c1 iter_args(%p = %c0, %q = %c1) -> (index, index) {
          %sum = arith.addi %p, %q : index
          scf.yield %q, %sum : index, index
        }
        %isFirst = arith.cmpi eq, %id, %c0 : index
        %r = scf.if %isFirst -> index {
          %d = func.call @twice(%a) : (index) -> index
          scf.yield %d : index
        } else {
          scf.yield %a : index
        }
        %r32 = arith.index_cast %r : index to i32
        memref.store %r32, %y[%i] : memref<8xi32>
      }
      return
    })");
  ASSERT_TRUE(module);
  for (uint32_t seed : {0, 5}) {
    auto arrays = runTiles(*module, "f", {{Ints({8}), false}}, {.blocks = 3, .seed = seed});
    ASSERT_EQ(arrays.size(), 1u);
    EXPECT_THAT(std::get<Ints>(arrays[0]).data(), ElementsAre(0, 1, 1, 4, 3, 5, 16, 13));
  }
}

} // namespace

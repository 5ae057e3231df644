// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile.mma: every way in which factors may lie, and tails of every size.

#include "test/unit/LowerTileToVector/TileProgram.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <gtest/gtest.h>

namespace dreamer::test {
namespace {

struct Shape {
  int64_t rows, columns, depth; ///< of the arrays
  int64_t tileRows, tileColumns;
  bool leftColumns, gathered, bf16, pairs, dynamic;
};

/// C = A B, block by block, C's rows and columns cut by `valid`. Where the number of rows and columns
/// that are there is not constant, it is an argument.
constexpr const char *program = R"(
!a = !tile.mem<$tmx$k x$t, global, $ao>
!b = !tile.mem<$kx$tn x$t, global, rows$pairs>
!c = !tile.mem<$tmx$tnxf32, global, rows>
!ids = !tile.mem<$tmx1xi32, global, rows>
!acc = !tile.reg<$tmx$tnxf32, vectors>
func.func @f(%a: memref<$as x$t>, %b: memref<$bs x$t>, %c: memref<$mx$nxf32>, %ids: memref<$mx1xi32>, %rows: index, %columns: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = arith.constant $k : index
  %m = arith.constant $m : index
  %n = arith.constant $n : index
  %tm = arith.constant $tm : index
  %tn = arith.constant $tn : index
  %zero = arith.constant 0.0 : f32
  %start = tile.fill %zero : f32 -> !acc
  scf.for %row = %c0 to %m step %tm {
    %rowsLeft = arith.subi $rows, %row : index
    scf.for %column = %c0 to %n step %tn {
      %columnsLeft = arith.subi $columns, %column : index
      $left
      $right
      %sum = tile.mma %x, %y, %start : !a, !b, !acc
      %z = tile.view %c[%row, %column] valid(%rowsLeft, %columnsLeft) : memref<$mx$nxf32> -> !c
      tile.store %sum, %z : !acc, !c
    }
  }
  return
}
)";

std::string textOf(const Shape &s) {
  std::string left =
      s.leftColumns ? "%x = tile.view %a[%c0, %row] valid(%rowsLeft, %k) : memref<$as x$t> -> !a"
                    : "%x = tile.view %a[%row, %c0] valid(%rowsLeft, %k) : memref<$as x$t> -> !a";
  if (s.gathered)
    left = "%i = tile.view %ids[%row, %c0] valid(%rowsLeft, %c1) : memref<$mx1xi32> -> !ids\n"
           "      %x = tile.rows %a[%i, %c0] : memref<$as x$t>, !ids -> !a";
  std::string right =
      "%y = tile.view %b[%c0, %column] valid(%k, %columnsLeft) : memref<$bs x$t> -> !b";
  if (s.pairs)
    right = "%y = tile.view %b[%c0, %column, %c0] : memref<$bs x$t> -> !b";
  auto size = [](int64_t a, int64_t b) { return std::to_string(a) + "x" + std::to_string(b); };
  return withNames(
      program,
      {{"$left", left},
       {"$right", right},
       {"$tm", std::to_string(s.tileRows)},
       {"$tn", std::to_string(s.tileColumns)},
       {"$as x", (s.leftColumns ? size(s.depth, s.rows) : size(s.rows, s.depth)) + "x"},
       {"$bs x", (s.pairs ? size(s.depth / 2, s.columns) + "x2" : size(s.depth, s.columns)) + "x"},
       {"$ao", s.leftColumns ? "columns" : "rows"},
       {"$pairs", s.pairs ? ", pairs" : ""},
       {"$rows", s.dynamic ? "%rows" : "%m"},
       {"$columns", s.dynamic ? "%columns" : "%n"},
       {"$k x", std::to_string(s.depth) + "x"},
       {"$kx", std::to_string(s.depth) + "x"},
       {"$k", std::to_string(s.depth)},
       {"$mx", std::to_string(s.rows) + "x"},
       {"$m", std::to_string(s.rows)},
       {"$nx", std::to_string(s.columns) + "x"},
       {"$n", std::to_string(s.columns)},
       {" x$t", s.bf16 ? "xbf16" : "xf32"},
       {"x$t", s.bf16 ? "xbf16" : "xf32"}});
}

void check(const Shape &s, std::mt19937 &random) {
  std::string text = textOf(s);
  auto compiled = TileProgram::compile(text, random() % 2 ? 256 : 512);
  ASSERT_TRUE(compiled) << text;
  int64_t m = s.rows, n = s.columns, k = s.depth;
  std::vector<float> a = randomNumbers(random, m * k, s.bf16);
  std::vector<float> b = randomNumbers(random, k * n, s.bf16);
  std::vector<float> c(m * n, 77), expected = c;
  std::vector<int32_t> ids(m);
  for (int64_t i = 0; i < m; ++i)
    ids[i] = static_cast<int32_t>(random() % (m + 1)) - 1;
  int64_t rows = s.dynamic ? static_cast<int64_t>(random() % (m + 1)) : m;
  int64_t columns = s.dynamic ? static_cast<int64_t>(random() % (n + 1)) : n;
  auto left = [&](int64_t i, int64_t at) {
    int64_t row = s.gathered ? ids[i] : i;
    return row < 0 ? 0 : s.leftColumns ? a[at * m + row] : a[row * k + at];
  };
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t at = 0; at < k; ++at)
        sum += double(left(i, at)) * b[at * n + j];
      expected[i * n + j] = static_cast<float>(sum);
    }
  std::vector<float> packed = b;
  if (s.pairs)
    for (int64_t at = 0; at < k; ++at)
      for (int64_t j = 0; j < n; ++j)
        packed[(at / 2 * n + j) * 2 + at % 2] = b[at * n + j];
  std::vector<uint16_t> a16 = toBf16(a), b16 = toBf16(packed);
  compiled->run({s.bf16 ? address(a16) : address(a), s.bf16 ? address(b16) : address(packed),
                 address(c), address(ids), rows, columns});
  EXPECT_LT(distance(c, expected), 1e-6) << text;
}

TEST(Product, OverGeneratedShapes) {
  std::mt19937 random(1);
  auto upTo = [&](int64_t n) { return 1 + static_cast<int64_t>(random() % n); };
  for (int i = 0; i < 60; ++i) {
    Shape s{};
    s.bf16 = random() % 3 == 0;
    s.gathered = random() % 4 == 0;
    s.leftColumns = !s.gathered && random() % 2;
    s.dynamic = random() % 2;
    s.tileRows = upTo(6);
    s.tileColumns = int64_t{1} << random() % 5;
    s.rows = upTo(20);
    s.columns = upTo(40);
    s.depth = upTo(33);
    check(s, random);
    if (HasFatalFailure())
      return;
  }
}

TEST(Product, RightFactorInPairs) {
  std::mt19937 random(2);
  for (int64_t columns : {8, 16, 32})
    check({13, columns, 2 * (1 + static_cast<int64_t>(random() % 20)), 6, columns, false, false,
           true, true, true},
          random);
}

TEST(Product, AttentionByHand) {
  // The program of the dialect's tests, with other names.
  std::string path = "../../dialect/Tile/attention-x86.mlir";
  auto file = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE(file) << path;
  auto compiled = TileProgram::compile(withNames((*file)->getBuffer(), {{"@attend", "@f"}}));
  ASSERT_TRUE(compiled);
  constexpr int64_t positions = 512, features = 64, lanes = 16;
  std::mt19937 random(3);
  std::vector<float> q = randomNumbers(random, positions * features);
  std::vector<float> k = randomNumbers(random, positions * features);
  std::vector<float> v = randomNumbers(random, positions * features);
  for (float &x : q)
    x *= 4;
  std::vector<float> kt(q.size()), vp(q.size()), o(q.size()), lse(positions);
  for (int64_t t = 0; t < positions; ++t)
    for (int64_t f = 0; f < features; ++f) {
      kt[(t / lanes * features + f) * lanes + t % lanes] = k[t * features + f];
      vp[(f / lanes * positions + t) * lanes + f % lanes] = v[t * features + f];
    }
  compiled->run({address(q), address(kt), address(vp), address(o), address(lse)},
                (positions + 5) / 6);
  std::vector<float> expected(q.size()), expectedLse(positions);
  for (int64_t t = 0; t < positions; ++t) {
    std::vector<double> p(t + 1);
    double sum = 0;
    for (int64_t s = 0; s <= t; ++s) {
      double score = 0;
      for (int64_t f = 0; f < features; ++f)
        score += double(q[t * features + f]) * k[s * features + f];
      sum += p[s] = std::exp(score / 8);
    }
    for (int64_t f = 0; f < features; ++f) {
      double mean = 0;
      for (int64_t s = 0; s <= t; ++s)
        mean += p[s] / sum * v[s * features + f];
      expected[t * features + f] = static_cast<float>(mean);
    }
    expectedLse[t] = static_cast<float>(std::log(sum));
  }
  EXPECT_LT(distance(o, expected), 2e-6);
  EXPECT_LT(distance(lse, expectedLse), 1e-6);
}

} // namespace
} // namespace dreamer::test

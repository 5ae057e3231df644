// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile.mma of bf16 as it is: pairs by AVX512-BF16 and accumulators of AMX, emulated.

#include "test/unit/LowerTileToVector/TileProgram.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gtest/gtest.h>

namespace dreamer::test {
namespace {

const std::set<std::string> pairs{"avx512bf16"}, tiles{"avx512bf16", "amx-tile", "amx-bf16"};

/// B [depth, columns] in pairs of rows, [depth / 2][columns][2].
std::vector<float> inPairs(llvm::ArrayRef<float> b, int64_t depth, int64_t columns) {
  std::vector<float> packed(b.size());
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t n = 0; n < columns; ++n)
      packed[(k / 2 * columns + n) * 2 + k % 2] = b[k * columns + n];
  return packed;
}

struct Shape {
  int64_t rows, columns, depth;                ///< of the tile
  int64_t validRows, validColumns, validDepth; ///< what is there of C, and of the sum
  bool constant;                               ///< valid sizes are constants of the program
  bool combine;                                ///< C is added to by the store, else read before
};

/// C += A B, a part of each.
constexpr const char *program = R"(
!a = !tile.mem<$mx$kxbf16, global, rows>
!b = !tile.mem<$kx$nxbf16, global, rows, pairs>
!c = !tile.mem<$mx$nxf32, global, rows>
!acc = !tile.reg<$mx$nxf32, $layout>
func.func @f(%a: memref<$mx$kxbf16>, %b: memref<$hx$nx2xbf16>, %c: memref<$mx$nxf32>, %r: index, %s: index, %t: index) {
  %c0 = arith.constant 0 : index
  %step = arith.constant $step : index
  %m = arith.constant $m : index
  %n = arith.constant $n : index
  %rows = arith.constant $rows : index
  %columns = arith.constant $columns : index
  %steps = arith.constant $steps : index
  %depth = arith.muli $t, %step : index
  %x = tile.view %a[%c0, %c0] valid(%m, %depth) : memref<$mx$kxbf16> -> !a
  %y = tile.view %b[%c0, %c0, %c0] valid(%depth, %n) : memref<$hx$nx2xbf16> -> !b
  %z = tile.view %c[%c0, %c0] valid($r, $s) : memref<$mx$nxf32> -> !c
  %zero = arith.constant 0.0 : f32
  %none = tile.fill %zero : f32 -> !acc
  %before = tile.load %z : !c -> !acc
  %sum = tile.mma %x, %y, $start : !a, !b, !acc
  tile.store %sum, %z $by : !acc, !c
  return
}
)";

void check(const Shape &s, const std::set<std::string> &emulated, std::mt19937 &random) {
  bool amx = emulated.count("amx-tile");
  int64_t m = s.rows, n = s.columns, k = s.depth, step = amx ? 32 : 2;
  auto text = [](int64_t number) { return std::to_string(number); };
  std::string source = withNames(program, {{"$start", s.combine ? "%none" : "%before"},
                                           {"$by", s.combine ? "by add" : ""},
                                           {"$layout", amx ? "amx_c" : "vectors"},
                                           {"$rows", text(s.validRows)},
                                           {"$columns", text(s.validColumns)},
                                           {"$steps", text(s.validDepth / step)},
                                           {"$step", text(step)},
                                           {"$r", s.constant ? "%rows" : "%r"},
                                           {"$s", s.constant ? "%columns" : "%s"},
                                           {"$t", s.constant ? "%steps" : "%t"},
                                           {"$hx", text(k / 2) + "x"},
                                           {"$mx", text(m) + "x"},
                                           {"$m", text(m)},
                                           {"$nx", text(n) + "x"},
                                           {"$n", text(n)},
                                           {"$kx", text(k) + "x"}});
  auto compiled = TileProgram::compile(source, 512, emulated);
  ASSERT_TRUE(compiled) << source;
  std::vector<float> a = randomNumbers(random, m * k, true), b = randomNumbers(random, k * n, true);
  std::vector<float> c = randomNumbers(random, m * n), expected = c;
  for (int64_t i = 0; i < s.validRows; ++i)
    for (int64_t j = 0; j < s.validColumns; ++j) {
      double sum = c[i * n + j];
      for (int64_t at = 0; at < s.validDepth; ++at)
        sum += double(a[i * k + at]) * b[at * n + j];
      expected[i * n + j] = static_cast<float>(sum);
    }
  std::vector<uint16_t> a16 = toBf16(a), b16 = toBf16(inPairs(b, k, n));
  compiled->run(
      {address(a16), address(b16), address(c), s.validRows, s.validColumns, s.validDepth / step});
  EXPECT_LT(distance(c, expected), 1e-6) << source;
}

TEST(NarrowProduct, PairsOverGeneratedShapes) {
  std::mt19937 random(1);
  auto upTo = [&](int64_t n) { return 1 + static_cast<int64_t>(random() % n); };
  for (int i = 0; i < 12; ++i) {
    int64_t rows = upTo(8), columns = 16 * upTo(3), depth = 2 * upTo(20);
    check({rows, columns, depth, upTo(rows), upTo(columns), 2 * upTo(depth / 2), i % 2 == 0,
           i % 3 == 0},
          pairs, random);
  }
}

TEST(NarrowProduct, TilesOverGeneratedShapes) {
  std::mt19937 random(2);
  auto upTo = [&](int64_t n) { return 1 + static_cast<int64_t>(random() % n); };
  for (int i = 0; i < 12; ++i) {
    int64_t rows = 16 * upTo(2), columns = 16 * upTo(2), depth = 32 * upTo(4);
    check({rows, columns, depth, upTo(rows), upTo(columns), 32 * upTo(depth / 32), i % 2 == 0,
           i % 3 == 0},
          tiles, random);
  }
  check({32, 32, 64, 32, 32, 64, true, false}, tiles, random); // nothing goes by the stack
}

TEST(NarrowProduct, ByHand) {
  // The program of the dialect's tests, with other names.
  std::string path = "../../dialect/Tile/gemm-amx.mlir";
  auto file = llvm::MemoryBuffer::getFile(path);
  ASSERT_TRUE(file) << path;
  auto compiled =
      TileProgram::compile(withNames((*file)->getBuffer(), {{"@gemm", "@f"}}), 512, tiles);
  ASSERT_TRUE(compiled);
  constexpr int64_t rows = 90, columns = 70, depth = 64, padded = 96;
  std::mt19937 random(3);
  std::vector<float> a = randomNumbers(random, padded * depth, true);
  std::vector<float> b = randomNumbers(random, depth * columns, true), packed(3 * depth * 32);
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t n = 0; n < columns; ++n)
      packed[((n / 32 * (depth / 2) + k / 2) * 32 + n % 32) * 2 + k % 2] = b[k * columns + n];
  std::vector<uint16_t> a16 = toBf16(a), b16 = toBf16(packed);
  std::vector<float> c(rows * columns, 77), expected(c.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += double(a[i * depth + k]) * b[k * columns + j];
      expected[i * columns + j] = static_cast<float>(sum);
    }
  compiled->run({address(a16), address(b16), address(c)}, 3);
  EXPECT_LT(distance(c, expected), 1e-6);
}

} // namespace
} // namespace dreamer::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads, stores, copies, maps, columns: each with tails that only the program knows.

#include "test/unit/LowerTileToVector/TileProgram.h"
#include <bit>
#include <gtest/gtest.h>

namespace dreamer::test {
namespace {

/// out = what a tile's operations make of x; rows and columns beyond `rows`, `columns` are not there.
constexpr const char *program = R"(
!x = !tile.mem<$m x$n xf32, global, $order>
!out = !tile.mem<$m x$n xf32, global, rows>
!reg = !tile.reg<$m x$n xf32, vectors>
!half = !tile.reg<$m x$n xbf16, vectors>
!col = !tile.reg<$m x1xf32, slice vectors>
!local = !tile.mem<$m x$n xf32, shared, columns>
func.func @f(%x: memref<$arrayxf32>, %out: memref<$m x$n xf32>, %rows: index, %columns: index) {
  %c0 = arith.constant 0 : index
  %place = tile.view %x[%c0, %c0] valid(%rows, %columns) : memref<$arrayxf32> -> !x
  %end = tile.view %out[%c0, %c0] valid(%rows, %columns) : memref<$m x$n xf32> -> !out
  %all = tile.view %out[%c0, %c0] : memref<$m x$n xf32> -> !out
  $body
  return
}
)";

struct Case {
  const char *body;
  float (*expected)(const std::vector<float> &x, int64_t m, int64_t n, int64_t rows,
                    int64_t columns, int64_t i, int64_t j, float before);
};

float at(const std::vector<float> &x, int64_t n, int64_t rows, int64_t columns, int64_t i,
         int64_t j) {
  return i < rows && j < columns ? x[i * n + j] : 0;
}

#define ELEMENT                                                                                    \
  []([[maybe_unused]] const std::vector<float> &x, [[maybe_unused]] int64_t m,                     \
     [[maybe_unused]] int64_t n, [[maybe_unused]] int64_t rows, [[maybe_unused]] int64_t columns,  \
     [[maybe_unused]] int64_t i, [[maybe_unused]] int64_t j, [[maybe_unused]] float before)        \
      ->float

void check(const Case &c) {
  std::mt19937 random(1);
  for (bool columnsOrder : {false, true})
    for (auto [m, n] : {std::pair<int64_t, int64_t>{1, 1}, {3, 4}, {6, 16}, {5, 8}, {2, 24}}) {
      auto size = [](int64_t a, int64_t b) { return std::to_string(a) + "x" + std::to_string(b); };
      std::string text = withNames(program, {{"$body", c.body},
                                             {"$order", columnsOrder ? "columns" : "rows"},
                                             {"$array", columnsOrder ? size(n, m) : size(m, n)},
                                             {"$m x", std::to_string(m) + "x"},
                                             {"$n x", std::to_string(n) + "x"}});
      auto compiled = TileProgram::compile(text);
      ASSERT_TRUE(compiled) << text;
      for (int64_t rows = 0; rows <= m; ++rows)
        for (int64_t columns : {int64_t{0}, n / 2, n - 1, n}) {
          std::vector<float> x = randomNumbers(random, m * n), memory(m * n);
          std::vector<float> out = randomNumbers(random, m * n), expected(m * n);
          for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < n; ++j) {
              memory[columnsOrder ? j * m + i : i * n + j] = x[i * n + j];
              expected[i * n + j] = c.expected(x, m, n, rows, columns, i, j, out[i * n + j]);
            }
          compiled->run({address(memory), address(out), rows, columns});
          for (int64_t i = 0; i < m * n; ++i)
            ASSERT_NEAR(out[i], expected[i], 1e-6)
                << "element " << i << " with " << rows << " rows, " << columns << " columns of\n"
                << text;
        }
    }
}

TEST(Values, WhatIsNotThereReadsZero) {
  check({R"(%v = tile.load %place : !x -> !reg
            tile.store %v, %all : !reg, !out)",
         ELEMENT { return at(x, n, rows, columns, i, j);
}
} // namespace
);
} // namespace dreamer::test

TEST(Values, WhatIsNotThereIsNotWritten) {
  check({R"(%one = arith.constant 1.0 : f32
            %v = tile.fill %one : f32 -> !reg
            tile.store %v, %end : !reg, !out)",
         ELEMENT { return i < rows && j < columns ? 1 : before;
}
});
}

TEST(Values, StoresCombine) {
  check({R"(%v = tile.load %place : !x -> !reg
            tile.store %v, %end by add : !reg, !out)",
         ELEMENT { return before + at(x, n, rows, columns, i, j);
}
});
  check({R"(%v = tile.load %place : !x -> !reg
            tile.store %v, %end by max : !reg, !out)",
         ELEMENT {
           return i < rows && j < columns ? std::max(before, x[i * n + j]) : before;
  }
  });
  }

  TEST(Values, CopiesTurnAndFillWithZeros) {
  check({R"(%local = tile.alloc : !local
            tile.copy %place to %local : !x, !local
            tile.copy %local to %all : !local, !out)",
         ELEMENT { return at(x, n, rows, columns, i, j);
  }
  });
  }

  TEST(Values, MapsKnowWhereTheyAre) {
  check({R"(%v = tile.load %place : !x -> !reg
            %w = tile.map (%v) with (%rows) : (!reg, index) -> !reg {
            ^bb0(%e: f32, %r: index):
              %i = tile.coordinate 0
              %j = tile.coordinate 1
              %two = arith.constant 2 : index
              %d = arith.muli %i, %two : index
              %s = arith.addi %d, %j : index
              %t = arith.addi %s, %r : index
              %n = arith.index_cast %t : index to i32
              %f = arith.sitofp %n : i32 to f32
              %g = arith.addf %e, %f : f32
              tile.yield %g : f32
            }
            tile.store %w, %all : !reg, !out)",
         ELEMENT {
           return at(x, n, rows, columns, i, j) + static_cast<float>(2 * i + j + rows);
  }
  });
  }

  TEST(Values, MapsOfTwoResultsAndNarrowElements) {
  check({R"(%v = tile.load %place : !x -> !reg
            %w, %h = tile.map (%v) : (!reg) -> (!reg, !half) {
            ^bb0(%e: f32):
              %two = arith.constant 2.0 : f32
              %d = arith.mulf %e, %two : f32
              %n = arith.truncf %e : f32 to bf16
              tile.yield %d, %n : f32, bf16
            }
            %back = tile.map (%h, %w) : (!half, !reg) -> !reg {
            ^bb0(%n: bf16, %d: f32):
              %e = arith.extf %n : bf16 to f32
              %r = arith.subf %d, %e : f32
              tile.yield %r : f32
            }
            tile.store %back, %all : !reg, !out)",
         ELEMENT {
           float e = at(x, n, rows, columns, i, j);
           uint32_t bits = std::bit_cast<uint32_t>(e);
           bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
           return 2 * e - std::bit_cast<float>(bits);
  }
  });
  }

  TEST(Values, ColumnsAndBack) {
  check({R"(%v = tile.load %place : !x -> !reg
            %sum = tile.reduce add %v : !reg -> !col
            %max = tile.reduce max %v : !reg -> !col
            %min = tile.reduce min %v : !reg -> !col
            %c = tile.map (%sum, %max, %min) : (!col, !col, !col) -> !col {
            ^bb0(%a: f32, %b: f32, %d: f32):
              %e = arith.subf %b, %d : f32
              %s = arith.addf %a, %e : f32
              tile.yield %s : f32
            }
            %w = tile.broadcast %c : !col -> !reg
            tile.store %w, %all : !reg, !out)",
         ELEMENT {
           float sum = 0, largest = -2, smallest = 2;
           for (int64_t k = 0; k < n; ++k) {
    float e = at(x, n, rows, columns, i, k);
    sum += e;
    largest = std::max(largest, e);
    smallest = std::min(smallest, e);
           }
           return sum + (largest - smallest);
  }
  });
  }

  TEST(Values, TilesAreCarriedByLoopsAndGivenByConditions) {
  check({R"(%c1 = arith.constant 1 : index
            %two = arith.constant 2 : index
            %v = tile.load %place : !x -> !reg
            %s = scf.for %i = %c0 to %rows step %c1 iter_args(%t = %v) -> !reg {
              %odd = arith.remui %i, %two : index
              %isOdd = arith.cmpi eq, %odd, %c1 : index
              %u = scf.if %isOdd -> !reg {
                scf.yield %t : !reg
              } else {
                %d = tile.map (%t, %v) : (!reg, !reg) -> !reg {
                ^bb0(%a: f32, %b: f32):
                  %e = arith.addf %a, %b : f32
                  tile.yield %e : f32
                }
                scf.yield %d : !reg
              }
              scf.yield %u : !reg
            }
            tile.store %s, %all : !reg, !out)",
         ELEMENT {
           int64_t times = 1 + (rows + 1) / 2;
           return at(x, n, rows, columns, i, j) * static_cast<float>(times);
  }
  });
  }

  /// Rows of `out` that `ids` name become rows of x, or get them added; ids of rows that are not there are negative.
  constexpr const char *scatter = R"(
!x = !tile.mem<4x24xf32, global, rows>
!ids = !tile.mem<4x1xi32, global, rows>
!reg = !tile.reg<4x24xf32, vectors>
func.func @f(%x: memref<4x24xf32>, %ids: memref<4x1xi32>, %out: memref<6x26xf32>, %columns: index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %i = tile.view %ids[%c0, %c0] : memref<4x1xi32> -> !ids
  %from = tile.view %x[%c0, %c0] : memref<4x24xf32> -> !x
  %v = tile.load %from : !x -> !reg
  %to = tile.rows %out[%i, %c2] valid($valid) : memref<6x26xf32>, !ids -> !x
  tile.store %v, %to $how : !reg, !x
  return
}
)";

  TEST(Values, RowsAreScattered) {
    std::mt19937 random(1);
    for (const char *how : {"", "by add"})
      for (bool known : {false, true}) {
        auto compiled = TileProgram::compile(
            withNames(scatter, {{"$how", how}, {"$valid", known ? "%c2" : "%columns"}}));
        ASSERT_TRUE(compiled);
        for (int64_t columns : {0, 1, 8, 17, 24}) {
          std::vector<float> x = randomNumbers(random, 4 * 24), out = randomNumbers(random, 6 * 26);
          std::vector<float> expected = out;
          std::vector<int32_t> ids = {5, -1, 0, -7};
          for (int64_t row : {0, 2})
            for (int64_t j = 0; j < (known ? 2 : columns); ++j) {
              float &element = expected[ids[row] * 26 + 2 + j];
              element = x[row * 24 + j] + (*how ? element : 0);
            }
          compiled->run({address(x), address(ids), address(out), columns});
          EXPECT_EQ(out, expected) << how << " " << columns << (known ? ", 2 of them" : "");
        }
      }
  }

  } // namespace
  } // namespace dreamer::test

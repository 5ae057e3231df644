// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The list of products to measure: products.txt.

#ifndef DREAMER_TEST_BENCHMARK_PRODUCTS_H
#define DREAMER_TEST_BENCHMARK_PRODUCTS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dreamer::benchmarking {

/// c[rows, columns], summed over `depth`; products.txt says what the kinds are.
struct Product {
  enum Kind { Forward, Input, Weight };

  Kind kind;
  int64_t rows, columns, depth;

  /// "forward 512x256x512"
  std::string title() const;
  double flops() const { return 2.0 * static_cast<double>(rows * columns * depth); }
};

/// The lines of a file; none, after a message on standard error, if it is not as expected.
std::optional<std::vector<Product>> readProducts(const std::string &path);

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_PRODUCTS_H

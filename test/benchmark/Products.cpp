// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/Products.h"
#include <cstdio>
#include <fstream>
#include <sstream>

namespace dreamer::benchmarking {

static const char *const kindNames[] = {"forward", "input", "weight"};

std::string Product::title() const {
  return std::string(kindNames[kind]) + " " + std::to_string(rows) + "x" + std::to_string(columns) +
         "x" + std::to_string(depth);
}

std::optional<std::vector<Product>> readProducts(const std::string &path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "error: %s: expected a list of products, found no readable file\n",
                 path.c_str());
    return std::nullopt;
  }
  std::vector<Product> products;
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    std::istringstream words(text.substr(0, text.find('#')));
    std::string kind, rest;
    Product product = {};
    if (!(words >> kind))
      continue;
    bool known = false;
    for (int i = 0; i < 3; ++i)
      if (kind == kindNames[i]) {
        product.kind = static_cast<Product::Kind>(i);
        known = true;
      }
    constexpr int64_t most = 1 << 16;
    if (!known || !(words >> product.rows >> product.columns >> product.depth) || words >> rest ||
        product.rows < 1 || product.columns < 1 || product.depth < 1 || product.rows > most ||
        product.columns > most || product.depth > most) {
      std::fprintf(stderr,
                   "error: %s:%d: expected forward, input or weight and three sizes, found '%s'\n",
                   path.c_str(), line, text.c_str());
      return std::nullopt;
    }
    products.push_back(product);
  }
  return products;
}

} // namespace dreamer::benchmarking

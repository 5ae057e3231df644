// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Descriptions damaged at random are refused with an error, or read, and never crash.

#include "Examples.h"
#include <gmock/gmock.h>
#include <random>

using namespace dreamer;
using namespace dreamer::testing;

namespace {

/// Pieces that mean something to YAML or to descriptions.
constexpr llvm::StringLiteral pieces[] = {
    "{",  "}",     "[",       "]",      ":",        "- ",       "\n",    "  ",
    "#",  "'",     "\"",      "&a",     "*a",       "!!int",    "|",     ">",
    "?",  "%",     "---",     "...",    "\t",       ",",        "\xff",  "0",
    "-1", "1e9",   "9999999", "null",   "true",     "heads: 2", "\r",    "~",
    "@",  "group", "layers",  "recur:", "depth: 1", "head_dim", "name:", "\xe2\x80\xa8"};

class Mutator {
public:
  explicit Mutator(uint32_t seed) : random(seed) {}

  void mutate(std::string &text) {
    size_t at = pick(text.size() + 1), length = std::min(pick(12), text.size() - at);
    switch (pick(4)) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, pieces[pick(std::size(pieces))].str());
      break;
    case 2:
      text.replace(at, length, pieces[pick(std::size(pieces))].str());
      break;
    default: // a part of the text again somewhere else
      text.insert(pick(text.size() + 1), text.substr(at, length));
    }
  }
  size_t pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); }

private:
  std::mt19937 random;
};

TEST(Mutation, IsReadOrRefused) {
  mlir::MLIRContext context;
  int read = 0, refused = 0;
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    Mutator mutator(seed);
    std::string text = (seed % 2 ? recurrent : everything).str();
    for (size_t i = 0, n = 1 + mutator.pick(4); i < n; ++i)
      mutator.mutate(text);
    Messages messages(context);
    auto description = parseDescription(text, "test.yaml", &context);
    if (mlir::succeeded(description)) {
      ++read;
      continue;
    }
    ++refused;
    EXPECT_FALSE(messages.all.empty()) << "refused in silence:\n" << text;
  }
  EXPECT_GT(read, 30);
  EXPECT_GT(refused, 100);
}

} // namespace

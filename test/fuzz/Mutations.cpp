// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a fuzzer's function without libFuzzer: on the files that are named, on their beginnings, and on
// thousands of damaged copies, the same on every run. So the tests find again what fuzzing found.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

constexpr int copies = 2000;
constexpr size_t prefixes = 600;

/// What means something to JSON, to numbers, to UTF-8.
constexpr std::string_view pieces[] = {
    "{",  "}",    "[",    "]",   ":",    ",",     "\"",   "\\u00", "\n", "null",
    "-1", "1e99", "true", "0.5", "\xff", "65536", "\xe2", "1e10",  "_",  "42949672960"};

class Mutator {
public:
  explicit Mutator(uint32_t seed) : random(seed) {}

  void mutate(std::string &text) {
    size_t at = pick(text.size() + 1), length = std::min(pick(12), text.size() - at);
    std::string piece(pieces[pick(std::size(pieces))]);
    switch (pick(6)) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, piece);
      break;
    case 2:
      text.replace(at, length, piece);
      break;
    case 3: // a part of the text again somewhere else
      text.insert(pick(text.size() + 1), text.substr(at, length));
      break;
    case 4: // other bytes in place
      for (size_t i = at; i < at + length; ++i)
        text[i] = static_cast<char>(pick(256));
      break;
    default: // one bit
      if (length)
        text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
    }
  }
  size_t pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); }

private:
  std::mt19937 random;
};

/// In a buffer of exactly its size, so that a sanitizer sees what is read beyond.
void run(std::string_view text) {
  auto copy = std::make_unique<uint8_t[]>(text.size());
  std::copy(text.begin(), text.end(), copy.get());
  LLVMFuzzerTestOneInput(copy.get(), text.size());
}

} // namespace

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.empty()) {
      fprintf(stderr, "expected a file to begin with, found %s unreadable or empty\n", argv[i]);
      return 1;
    }
    run(text);
    for (size_t size = 0; size < std::min(text.size(), prefixes); ++size)
      run(std::string_view(text).substr(0, size));
    for (uint32_t seed = 0; seed < copies; ++seed) {
      Mutator mutator(seed);
      std::string damaged = text;
      // Headers are where the meaning is: half of the copies are damaged there alone.
      std::string tail = seed % 2 ? damaged.substr(std::min<size_t>(damaged.size(), 2000)) : "";
      damaged.resize(damaged.size() - tail.size());
      for (size_t n = 1 + mutator.pick(4); n > 0; --n)
        mutator.mutate(damaged);
      run(damaged + tail);
    }
  }
  printf("%d files, each with %d damaged copies\n", argc - 1, copies);
  return argc > 1 ? 0 : 1;
}

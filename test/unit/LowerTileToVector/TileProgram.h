// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile program as text, compiled for this processor.

#ifndef DREAMER_TEST_UNIT_LOWERTILETOVECTOR_TILEPROGRAM_H
#define DREAMER_TEST_UNIT_LOWERTILETOVECTOR_TILEPROGRAM_H

#include "test/unit/Kernels/Jit.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace dreamer::test {

/// A program whose function is called `f`.
class TileProgram {
public:
  /// For vectors of `vectorBits`, with instructions of `emulated` features replaced. Null, after an
  /// error, if it does not compile.
  static std::unique_ptr<TileProgram> compile(llvm::StringRef text, int64_t vectorBits = 256,
                                              std::set<std::string> emulated = {});

  /// Runs one block after the other.
  void run(llvm::ArrayRef<int64_t> arguments, int64_t blocks = 1) const;

private:
  std::unique_ptr<Jit> jit;
};

/// `$name` in a text, replaced.
std::string withNames(llvm::StringRef text,
                      llvm::ArrayRef<std::pair<llvm::StringRef, std::string>> names);

/// Random numbers in [-1, 1), all of which bf16 can hold if asked.
std::vector<float> randomNumbers(std::mt19937 &random, int64_t count, bool bf16 = false);

std::vector<uint16_t> toBf16(llvm::ArrayRef<float> numbers);

template <typename T>
int64_t address(std::vector<T> &values) {
  return reinterpret_cast<int64_t>(values.data());
}

/// ||a - b|| / ||b||.
double distance(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_LOWERTILETOVECTOR_TILEPROGRAM_H

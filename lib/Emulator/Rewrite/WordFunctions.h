// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Integer instructions that are plain functions of 32-bit words: byte permutations, dot products of
// bytes, bit fields.

#ifndef DREAMER_EMULATOR_REWRITE_WORDFUNCTIONS_H
#define DREAMER_EMULATOR_REWRITE_WORDFUNCTIONS_H

#include <cstdint>
#include <span>
#include <string_view>

namespace dreamer::emulator {

struct WordFunction {
  const char *intrinsic; ///< "prmt.f4e": "llvm.nvvm." left out
  const char *symbol;    ///< what code calls
  unsigned operands;     ///< of 32 bits each
  void *address;
};

std::span<const WordFunction> wordFunctions();

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_WORDFUNCTIONS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Arithmetic in the roundings that C++ has no operators for: down (1), up (2), to zero (3).

#ifndef DREAMER_EMULATOR_REWRITE_DIRECTEDROUNDING_H
#define DREAMER_EMULATOR_REWRITE_DIRECTEDROUNDING_H

#include <span>
#include <utility>

namespace dreamer::emulator {

/// "dreamer.emulator.addFloat"(a, b, unused, mode), mulDouble, ..., by name.
std::span<const std::pair<const char *, void *>> directedRoundingFunctions();

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_DIRECTEDROUNDING_H

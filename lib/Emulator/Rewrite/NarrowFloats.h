// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Truncation to f16 and bf16, for which x86's code generator calls functions of a compiler's library.

#ifndef DREAMER_EMULATOR_REWRITE_NARROWFLOATS_H
#define DREAMER_EMULATOR_REWRITE_NARROWFLOATS_H

#include <span>
#include <utility>

namespace dreamer::emulator {

/// By the names that code is linked with. They round to nearest even, once, and give NVIDIA's NaN.
std::span<const std::pair<const char *, void *>> narrowingFunctions();

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_NARROWFLOATS_H

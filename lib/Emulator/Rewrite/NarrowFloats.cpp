// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/NarrowFloats.h"

#include "lib/Emulator/Machine/Formats.h"

#include <bit>
#include <cmath>

namespace dreamer::emulator {

/// A float between which and `value` no number of 22 bits or fewer lies: rounded to odd (Boldo and
/// Melquiond 2008), so that rounding it again is as rounding once.
static float toOdd(double value) {
  auto near = float(value);
  if (std::isnan(value) || double(near) == value)
    return near;
  auto bits = std::bit_cast<uint32_t>(near);
  if (std::fabs(double(near)) > std::fabs(value))
    --bits; // the next one towards zero
  return std::bit_cast<float>(bits | 1);
}

static __bf16 floatToBFloat(float value) {
  return std::bit_cast<__bf16>(uint16_t(encode(value, Format::BF16)));
}
static __bf16 doubleToBFloat(double value) { return floatToBFloat(toOdd(value)); }
static _Float16 doubleToHalf(double value) {
  return std::bit_cast<_Float16>(uint16_t(encode(toOdd(value), Format::F16)));
}

std::span<const std::pair<const char *, void *>> narrowingFunctions() {
  static const std::pair<const char *, void *> functions[] = {
      {"__truncsfbf2", reinterpret_cast<void *>(&floatToBFloat)},
      {"__truncdfbf2", reinterpret_cast<void *>(&doubleToBFloat)},
      {"__truncdfhf2", reinterpret_cast<void *>(&doubleToHalf)},
  };
  return functions;
}

} // namespace dreamer::emulator

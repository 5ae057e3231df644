// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/DirectedRounding.h"

#include <cmath>
#include <immintrin.h>

namespace dreamer::emulator {

namespace {

/// Sets the rounding of the processor's vector unit while it lives.
class Rounding {
public:
  explicit Rounding(int mode) : old(_mm_getcsr()) {
    _mm_setcsr((old & ~0x6000u) | unsigned(mode) << 13);
  }
  ~Rounding() { _mm_setcsr(old); }

private:
  unsigned old;
};

// Operands pass through volatile variables, so that the compiler neither folds the operation nor
// moves it out of the scope of the rounding.
template <typename T, typename Function>
T with(int mode, T a, T b, T c, Function function) {
  volatile T x = a, y = b, z = c;
  Rounding rounding(mode);
  T p = x, q = y, r = z;
  volatile T result = function(p, q, r);
  return result;
}

template <typename T>
T add(T a, T b, T c, int mode) {
  return with(mode, a, b, c, [](T x, T y, T) { return x + y; });
}
template <typename T>
T sub(T a, T b, T c, int mode) {
  return with(mode, a, b, c, [](T x, T y, T) { return x - y; });
}
template <typename T>
T mul(T a, T b, T c, int mode) {
  return with(mode, a, b, c, [](T x, T y, T) { return x * y; });
}
template <typename T>
T div(T a, T b, T c, int mode) {
  return with(mode, a, b, c, [](T x, T y, T) { return x / y; });
}
template <typename T>
T fma(T a, T b, T c, int mode) {
  return with(mode, a, b, c, [](T x, T y, T z) { return std::fma(x, y, z); });
}
template <typename T>
T squareRoot(T a, T b, T c, int mode) {
  return with(mode, a, b, c, [](T x, T, T) { return std::sqrt(x); });
}

template <typename To, typename From>
To convert(From value, int mode) {
  volatile From x = value;
  Rounding rounding(mode);
  From y = x;
  volatile To result = To(y);
  return result;
}

float signedToFloat(int64_t value, int mode) { return convert<float>(value, mode); }
double signedToDouble(int64_t value, int mode) { return convert<double>(value, mode); }
float doubleToFloat(double value, int mode) { return convert<float>(value, mode); }

/// Values of 64 bits whose highest is set are halved, keeping what rounding needs to know.
template <typename To>
To fromUnsigned(uint64_t value, int mode) {
  if (value >> 63 == 0)
    return convert<To>(int64_t(value), mode);
  return 2 * convert<To>(int64_t(value >> 1 | (value & 1)), mode);
}
float unsignedToFloat(uint64_t value, int mode) { return fromUnsigned<float>(value, mode); }
double unsignedToDouble(uint64_t value, int mode) { return fromUnsigned<double>(value, mode); }

} // namespace

std::span<const std::pair<const char *, void *>> directedRoundingFunctions() {
#define BOTH(name, function)                                                                       \
  {"dreamer.emulator." name "Float", reinterpret_cast<void *>(&function<float>)},                  \
      {"dreamer.emulator." name "Double", reinterpret_cast<void *>(&function<double>)}
#define ONE(function)                                                                              \
  {                                                                                                \
    "dreamer.emulator." #function, reinterpret_cast<void *>(&function)                             \
  }
  static const std::pair<const char *, void *> functions[] = {
      BOTH("add", add),   BOTH("sub", sub),         BOTH("mul", mul),      BOTH("div", div),
      BOTH("fma", fma),   BOTH("sqrt", squareRoot), ONE(signedToFloat),    ONE(signedToDouble),
      ONE(doubleToFloat), ONE(unsignedToFloat),     ONE(unsignedToDouble),
  };
#undef BOTH
#undef ONE
  return functions;
}

} // namespace dreamer::emulator

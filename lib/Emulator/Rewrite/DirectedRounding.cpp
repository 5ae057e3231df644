// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/DirectedRounding.h"

#include <cmath>
#include <cstdint>
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

template <typename Function>
void *address(Function *function) {
  return reinterpret_cast<void *>(function);
}

} // namespace

std::span<const std::pair<const char *, void *>> directedRoundingFunctions() {
  static const std::pair<const char *, void *> functions[] = {
      {"dreamer.emulator.addFloat", address(add<float>)},
      {"dreamer.emulator.addDouble", address(add<double>)},
      {"dreamer.emulator.subFloat", address(sub<float>)},
      {"dreamer.emulator.subDouble", address(sub<double>)},
      {"dreamer.emulator.mulFloat", address(mul<float>)},
      {"dreamer.emulator.mulDouble", address(mul<double>)},
      {"dreamer.emulator.divFloat", address(div<float>)},
      {"dreamer.emulator.divDouble", address(div<double>)},
      {"dreamer.emulator.fmaFloat", address(fma<float>)},
      {"dreamer.emulator.fmaDouble", address(fma<double>)},
      {"dreamer.emulator.sqrtFloat", address(squareRoot<float>)},
      {"dreamer.emulator.sqrtDouble", address(squareRoot<double>)},
      {"dreamer.emulator.signedToFloat", address(signedToFloat)},
      {"dreamer.emulator.signedToDouble", address(signedToDouble)},
      {"dreamer.emulator.doubleToFloat", address(doubleToFloat)},
      {"dreamer.emulator.unsignedToFloat", address(unsignedToFloat)},
      {"dreamer.emulator.unsignedToDouble", address(unsignedToDouble)},
  };
  return functions;
}

} // namespace dreamer::emulator

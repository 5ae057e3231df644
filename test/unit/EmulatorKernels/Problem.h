// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a kernel of the tests is given, and what it must give.

#ifndef DREAMER_TEST_UNIT_EMULATORKERNELS_PROBLEM_H
#define DREAMER_TEST_UNIT_EMULATORKERNELS_PROBLEM_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/TensorMap.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace dreamer::emulator::test {

using Half = _Float16;

/// bfloat16 and e4m3 of this test's own: what the machine has must not check itself.
struct BFloat {
  uint16_t bits = 0;
  BFloat() = default;
  explicit BFloat(float value);
  operator float() const;
};
/// The value of a finite e4m3 number (OCP 8-bit floating point: bias 7, subnormals).
float valueOfE4M3(uint8_t bits);

/// Numbers that look random and are the same in each run.
class Numbers {
public:
  explicit Numbers(uint64_t seed = 1) : state(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint32_t below(uint32_t limit);
  /// In [-1, 1], in steps of 1/64: sums of products of some of them are exact in float.
  float value() { return (int(below(129)) - 64) / 64.0f; }
  template <typename T>
  std::vector<T> values(size_t count) {
    std::vector<T> all(count);
    for (T &one : all)
      one = T(value());
    return all;
  }

private:
  uint64_t state;
};

/// Arguments in device memory, in the order of the kernel's parameters.
class Problem {
public:
  explicit Problem(GlobalMemory &memory) : memory(memory) {}

  /// An argument that the host wrote.
  template <typename T>
  std::byte *input(const std::vector<T> &values) {
    std::byte *array = make(values.size() * sizeof(T));
    std::memcpy(array, values.data(), values.size() * sizeof(T));
    memory.hostWrote(array, values.size() * sizeof(T));
    return array;
  }
  /// An argument that the kernel writes: unknown, and not what is expected.
  template <typename T>
  std::byte *output(const std::vector<T> &expected, double tolerance = 0) {
    std::byte *array = make(expected.size() * sizeof(T));
    expect(array, expected, tolerance);
    return array;
  }
  /// An argument that the host wrote and the kernel changes.
  template <typename T>
  std::byte *inout(const std::vector<T> &values, const std::vector<T> &expected,
                   double tolerance = 0) {
    std::byte *array = input(values);
    expect(array, expected, tolerance);
    return array;
  }
  /// An argument that the kernel writes and reads; what is left in it is of no interest.
  std::byte *scratch(size_t bytes) { return make(bytes); }
  /// An argument that points to a tensor map.
  void map(const TensorMapRequest &request);
  /// An array becomes no argument, but a tensor of maps.
  std::byte *notArgument(std::byte *array);

  void *const *arguments();
  /// What is not as expected, or nothing.
  std::string wrong() const;

private:
  std::byte *make(size_t bytes);
  template <typename T>
  void expect(const std::byte *array, std::vector<T> expected, double tolerance) {
    checks.push_back([=, name = checks.size()]() -> std::string {
      for (size_t i = 0; i < expected.size(); ++i) {
        T found;
        std::memcpy(&found, array + i * sizeof(T), sizeof(T));
        double difference = std::fabs(double(found) - double(expected[i]));
        if (!(difference <= tolerance))
          return "output " + std::to_string(name) + "[" + std::to_string(i) + "]: expected " +
                 std::to_string(double(expected[i])) + ", found " + std::to_string(double(found));
      }
      return "";
    });
  }

  GlobalMemory &memory;
  std::vector<std::byte *> pointers;
  std::vector<void *> addresses;
  std::vector<std::function<std::string()>> checks;
};

/// A map of a packed tensor, sizes innermost first.
TensorMapRequest packedMap(ElementType type, const std::byte *tensor, std::vector<uint64_t> dims,
                           std::vector<uint32_t> box, SwizzleMode swizzle = {});

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORKERNELS_PROBLEM_H

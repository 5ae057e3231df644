// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/CpuFeatures.h"

#include "runtime/core/PackageFormat.h"

#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace dreamer::runtime {

#if defined(__x86_64__)

namespace {

struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Registers r; // zeros if the processor lacks the leaf
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

/// The register sets that the operating system saves (XCR0).
uint64_t savedState(const Registers &leaf1) {
  if (!(leaf1.c >> 27 & 1)) // OSXSAVE
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

constexpr uint64_t bit(int feature) { return uint64_t{1} << feature; }

} // namespace

static uint64_t detect() {
  uint64_t found = 0;
  auto set = [&](int feature, uint32_t word, int position, bool usable = true) {
    if (usable && (word >> position & 1))
      found |= bit(feature);
  };
  Registers one = cpuid(1), seven = cpuid(7), sevenOne = cpuid(7, 1), more = cpuid(0x80000001);
  uint64_t saved = savedState(one);
  bool ymm = (saved & 0x6) == 0x6;           // SSE and AVX state
  bool zmm = ymm && (saved & 0xe0) == 0xe0;  // mask and 512-bit state
  bool tiles = (saved & 0x60000) == 0x60000; // tile configuration and data

  // Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID.
  set(DREAMER_CPU_SSE3, one.c, 0);
  set(DREAMER_CPU_SSSE3, one.c, 9);
  set(DREAMER_CPU_FMA, one.c, 12, ymm);
  set(DREAMER_CPU_CX16, one.c, 13);
  set(DREAMER_CPU_SSE4_1, one.c, 19);
  set(DREAMER_CPU_SSE4_2, one.c, 20);
  set(DREAMER_CPU_MOVBE, one.c, 22);
  set(DREAMER_CPU_POPCNT, one.c, 23);
  set(DREAMER_CPU_AVX, one.c, 28, ymm);
  set(DREAMER_CPU_F16C, one.c, 29, ymm);
  set(DREAMER_CPU_SAHF, more.c, 0);
  set(DREAMER_CPU_LZCNT, more.c, 5);
  set(DREAMER_CPU_BMI, seven.b, 3);
  set(DREAMER_CPU_AVX2, seven.b, 5, ymm);
  set(DREAMER_CPU_BMI2, seven.b, 8);
  set(DREAMER_CPU_AVX512F, seven.b, 16, zmm);
  set(DREAMER_CPU_AVX512DQ, seven.b, 17, zmm);
  set(DREAMER_CPU_AVX512CD, seven.b, 28, zmm);
  set(DREAMER_CPU_AVX512BW, seven.b, 30, zmm);
  set(DREAMER_CPU_AVX512VL, seven.b, 31, zmm);
  set(DREAMER_CPU_AVX512VBMI, seven.c, 1, zmm);
  set(DREAMER_CPU_AVX512VBMI2, seven.c, 6, zmm);
  set(DREAMER_CPU_AVX512VNNI, seven.c, 11, zmm);
  set(DREAMER_CPU_AMX_BF16, seven.d, 22, tiles);
  set(DREAMER_CPU_AVX512FP16, seven.d, 23, zmm);
  set(DREAMER_CPU_AMX_TILE, seven.d, 24, tiles);
  set(DREAMER_CPU_AMX_INT8, seven.d, 25, tiles);
  set(DREAMER_CPU_AVXVNNI, sevenOne.a, 4, ymm);
  set(DREAMER_CPU_AVX512BF16, sevenOne.a, 5, zmm);
  set(DREAMER_CPU_AMX_FP16, sevenOne.a, 21, tiles);
  return found;
}

#else

static uint64_t detect() { return 0; }

#endif

uint64_t cpuFeatures() {
  static const uint64_t features = detect();
  return features;
}

static constexpr std::string_view featureNames[] = {
#define DREAMER_CPU_FEATURE(bit, id, name) name,
    DREAMER_CPU_FEATURES(DREAMER_CPU_FEATURE)
#undef DREAMER_CPU_FEATURE
};

std::vector<std::string> cpuFeatureNames(uint64_t features) {
  std::vector<std::string> names;
  for (int i = 0; i < DREAMER_CPU_FEATURE_COUNT; ++i)
    if (features >> i & 1)
      names.emplace_back(featureNames[i]);
  if (uint64_t unknown = features >> DREAMER_CPU_FEATURE_COUNT; unknown != 0)
    names.push_back("features unknown to this runtime");
  return names;
}

std::optional<int> cpuFeatureNamed(std::string_view name) {
  for (int i = 0; i < DREAMER_CPU_FEATURE_COUNT; ++i)
    if (featureNames[i] == name)
      return i;
  return std::nullopt;
}

Status requestCpuPermissions(uint64_t features) {
  constexpr uint64_t amx =
      uint64_t{1} << DREAMER_CPU_AMX_TILE | uint64_t{1} << DREAMER_CPU_AMX_BF16 |
      uint64_t{1} << DREAMER_CPU_AMX_INT8 | uint64_t{1} << DREAMER_CPU_AMX_FP16;
  if (!(features & amx))
    return {};
#if defined(__x86_64__) && defined(SYS_arch_prctl)
  constexpr long requestPermission = 0x1023,
                 tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  if (syscall(SYS_arch_prctl, requestPermission, tileData) == 0)
    return {};
  return Status(DREAMER_INCOMPATIBLE,
                systemFailure("processor", "Linux refuses the tile registers of AMX", errno,
                              "choose another variant of the package")
                    .message());
#else
  return failure(DREAMER_INCOMPATIBLE, "processor", "AMX", "another architecture");
#endif
}

} // namespace dreamer::runtime

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a package is, byte by byte: shared by the compiler, which writes packages, and the runtime,
// which loads them. Plain C, depends on <stdint.h> alone.
//
// A package is a little-endian ELF64 shared object. It exports one symbol, `dreamer_package` (a
// dreamer_package_descriptor), needs nothing but libc and libm, and has three sections that are
// found by name:
//
//   .dreamer.header    one dreamer_package_header, 64 bytes, at an 8-byte aligned place, allocated
//                      (loaded with the code). The compiler emits it with magic, versions and
//                      sizes, links, then patches `file_size` and, last, `checksum` in the file.
//   .dreamer.manifest  UTF-8 JSON without a terminating zero: what can be called and how; the
//                      schema is in Manifest.h.
//   .dreamer.model     MLIR bytecode of the model phase; never read by the runtime.
//
// Header, sizes and checksum are checked on the mapped file before any of its code is loaded.

#ifndef DREAMER_RUNTIME_CORE_PACKAGEFORMAT_H
#define DREAMER_RUNTIME_CORE_PACKAGEFORMAT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(readability-identifier-naming,bugprone-macro-parentheses): written as C is

// Layout of the file: sections, header, manifest. A runtime loads exactly this version.
#define DREAMER_PACKAGE_FORMAT_VERSION 1u
// Layout of the structures below and the calling convention of entries. A runtime loads exactly
// this version.
#define DREAMER_PACKAGE_ABI_VERSION 3u

#define DREAMER_PACKAGE_MAGIC "DREAMERP" // eight bytes, without the terminating zero
#define DREAMER_PACKAGE_HEADER_SIZE 64u
#define DREAMER_PACKAGE_CHECKSUM_OFFSET 40u // of `checksum` in the header

#define DREAMER_PACKAGE_SYMBOL "dreamer_package"
#define DREAMER_PACKAGE_HEADER_SECTION ".dreamer.header"
#define DREAMER_PACKAGE_MANIFEST_SECTION ".dreamer.manifest"
#define DREAMER_PACKAGE_MODEL_SECTION ".dreamer.model"

typedef struct dreamer_package_header {
  char magic[8];           // DREAMER_PACKAGE_MAGIC
  uint32_t format_version; // DREAMER_PACKAGE_FORMAT_VERSION
  uint32_t header_size;    // DREAMER_PACKAGE_HEADER_SIZE
  uint64_t manifest_size;  // bytes, equals the size of the section
  uint64_t model_size;     // bytes, equals the size of the section
  uint64_t file_size;      // bytes of the whole file
  uint64_t checksum;       // dreamer_package_checksum of the whole file
  uint64_t reserved[2];    // 0
} dreamer_package_header;

/// Checksum of a package: 64-bit FNV-1a over all `size` bytes, the eight bytes of the header's
/// checksum field (at `field` in the file) read as zeros. Any single changed byte changes it.
static inline uint64_t dreamer_package_checksum(const unsigned char *file, uint64_t size,
                                                uint64_t field) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (uint64_t i = 0; i < size; ++i) {
    unsigned char byte = i - field < 8 ? 0 : file[i];
    hash = (hash ^ byte) * 0x100000001b3u;
  }
  return hash;
}

// Features of an x86-64 processor that a variant can require, by bit. Names are LLVM's
// (-mattr=+NAME) and those of the manifest. A bit counts as present only if the operating system
// saves the registers it needs as well. A compiler must not enable an instruction set that is
// missing here, or the loader could not refuse a machine without it.
// clang-format off
#define DREAMER_CPU_FEATURES(X) \
  X(0, SSE3, "sse3") \
  X(1, SSSE3, "ssse3") \
  X(2, SSE4_1, "sse4.1") \
  X(3, SSE4_2, "sse4.2") \
  X(4, POPCNT, "popcnt") \
  X(5, CX16, "cx16") \
  X(6, SAHF, "sahf") \
  X(7, AVX, "avx") \
  X(8, AVX2, "avx2") \
  X(9, BMI, "bmi") \
  X(10, BMI2, "bmi2") \
  X(11, F16C, "f16c") \
  X(12, FMA, "fma") \
  X(13, LZCNT, "lzcnt") \
  X(14, MOVBE, "movbe") \
  X(15, AVX512F, "avx512f") \
  X(16, AVX512BW, "avx512bw") \
  X(17, AVX512CD, "avx512cd") \
  X(18, AVX512DQ, "avx512dq") \
  X(19, AVX512VL, "avx512vl") \
  X(20, AVX512VNNI, "avx512vnni") \
  X(21, AVX512BF16, "avx512bf16") \
  X(22, AVX512FP16, "avx512fp16") \
  X(23, AVX512VBMI, "avx512vbmi") \
  X(24, AVX512VBMI2, "avx512vbmi2") \
  X(25, AVXVNNI, "avxvnni") \
  X(26, AMX_TILE, "amx-tile") \
  X(27, AMX_BF16, "amx-bf16") \
  X(28, AMX_INT8, "amx-int8") \
  X(29, AMX_FP16, "amx-fp16")

enum {
#define DREAMER_CPU_FEATURE(bit, id, name) DREAMER_CPU_##id = bit,
  DREAMER_CPU_FEATURES(DREAMER_CPU_FEATURE)
#undef DREAMER_CPU_FEATURE
  DREAMER_CPU_FEATURE_COUNT
};
// clang-format on

// The levels of the x86-64 psABI.
#define DREAMER_CPU_X86_64_V2 ((uint64_t)0x7f)
#define DREAMER_CPU_X86_64_V3 ((uint64_t)0x7fff)
#define DREAMER_CPU_X86_64_V4 ((uint64_t)0xfffff)

/// What a package may ask of the program that loaded it. `size` is sizeof(dreamer_services) as the
/// runtime knows it; later members are only there if `size` covers them.
typedef struct dreamer_services {
  uint32_t size;
  uint32_t reserved;
  void *context; // handed back to every function below
  /// Calls body(closure, begin, end) on disjoint ranges that cover 0..tasks-1, on any threads, and
  /// returns when all have returned. Tasks may run in any order and at the same time; how many
  /// ranges there are is not defined. `id` is the launch's place in the manifest's table of this
  /// entry and variant, `step` the index of the innermost loop over depth that it is in; -1: none.
  /// Both are for profiles.
  void (*launch)(void *context, int64_t id, int64_t step, int64_t tasks,
                 void (*body)(void *closure, int64_t begin, int64_t end), void *closure);
} dreamer_services;

/// One entry. `buffers` are in the order of the manifest's `buffers` of that entry, each 64-byte
/// aligned. 0, or the code of an error listed in the manifest's `errors`. Allocates nothing, keeps
/// nothing between calls.
typedef int32_t (*dreamer_entry_fn)(const dreamer_services *services, void *const *buffers);

typedef struct dreamer_entry {
  const char *name;
  dreamer_entry_fn function;
} dreamer_entry;

/// The same entries, compiled for processors that have all `features` (bits as above).
typedef struct dreamer_variant {
  const char *name; // "x86-64-v3", "x86-64-v4", "native", ...; the manifest's `targets` has it too
  uint64_t features;
  uint32_t entry_count;
  uint32_t reserved;
  const dreamer_entry *entries;
} dreamer_variant;

/// What the package exports. Variants are listed from the least to the most demanding: the last
/// that the processor can run is taken.
typedef struct dreamer_package_descriptor {
  uint32_t abi_version; // DREAMER_PACKAGE_ABI_VERSION
  uint32_t variant_count;
  const dreamer_variant *variants;
  const dreamer_package_header
      *header; // the loaded .dreamer.header: proves that this is the file that was checked
} dreamer_package_descriptor;

// NOLINTEND(readability-identifier-naming,bugprone-macro-parentheses)

#ifdef __cplusplus
}
#endif

#endif // DREAMER_RUNTIME_CORE_PACKAGEFORMAT_H

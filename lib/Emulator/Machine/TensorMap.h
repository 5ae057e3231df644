// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tensor maps: what a kernel is given to copy tiles of a tensor in global memory.

#ifndef DREAMER_EMULATOR_MACHINE_TENSORMAP_H
#define DREAMER_EMULATOR_MACHINE_TENSORMAP_H

#include "lib/Emulator/Machine/Swizzle.h"
#include "runtime/gpu/TensorMapRequest.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dreamer::emulator {

/// Types of a tensor's elements, numbered as CUtensorMapDataType.
enum class ElementType : uint8_t {
  U8 = 0,
  U16 = 1,
  U32 = 2,
  S32 = 3,
  U64 = 4,
  S64 = 5,
  F16 = 6,
  F32 = 7,
  F64 = 8,
  BF16 = 9,
  F32Ftz = 10,
  TF32 = 11,
  TF32Ftz = 12,
};
constexpr unsigned elementTypes = 13;

uint32_t bytesOf(ElementType type);
bool isFloat(ElementType type);
/// "u8", "bf16", ...
std::string_view nameOf(ElementType type);

/// `type` is an ElementType, `swizzle` a SwizzleMode; of interleaved layouts there are none.
using runtime::TensorMapRequest;

/// The machine's own form of a tensor map, in the 128 bytes that CUtensorMap has.
struct alignas(64) TensorMap {
  static constexpr uint64_t expectedMagic = 0x70616d726f736e74; ///< others made it for a device

  uint64_t magic;
  uint64_t address;
  uint64_t dims[5];
  uint64_t strides[4];
  uint16_t box[5];  ///< elements in shared memory: steps are divided out
  uint8_t steps[5]; ///< elements between those that are copied
  uint8_t rank;
  ElementType type;
  SwizzleMode swizzle;
  uint8_t fill;
  uint32_t checksum; ///< of all before it: a kernel may have written over the map

  /// Whether encode() has made it, and nobody has changed it since.
  bool isIntact() const;
  uint32_t elementBytes() const { return bytesOf(type); }
  /// Of a tile in shared memory; also what an mbarrier gets for a load. Boxes may be larger than
  /// any shared memory.
  uint64_t tileBytes() const;
  uint32_t checksumOfRest() const;
};
static_assert(sizeof(TensorMap) == 128);

/// Fills `map`. Returns why the request is refused ("expected ..., found ..."), or nothing.
std::string encode(TensorMap &map, const TensorMapRequest &request);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_TENSORMAP_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/TensorMap.h"

#include <cstddef>
#include <cstring>

namespace dreamer::emulator {

namespace {

struct TypeFacts {
  std::string_view name;
  uint32_t bytes;
  bool isFloat;
};

constexpr TypeFacts types[elementTypes] = {
    {"u8", 1, false},     {"u16", 2, false}, {"u32", 4, false},   {"s32", 4, false},
    {"u64", 8, false},    {"s64", 8, false}, {"f16", 2, true},    {"f32", 4, true},
    {"f64", 8, true},     {"bf16", 2, true}, {"f32ftz", 4, true}, {"tf32", 4, true},
    {"tf32ftz", 4, true},
};

std::string wrong(const std::string &what, const std::string &expected, uint64_t found) {
  return "tensor map: expected " + what + " " + expected + ", found " + std::to_string(found);
}

std::string indexed(std::string_view name, unsigned index) {
  return std::string(name) + "[" + std::to_string(index) + "]";
}

/// Of enumerations and the like.
std::string refuseKinds(const TensorMapRequest &request) {
  if (request.type >= elementTypes)
    return wrong("a data type", "from 0 to 12", request.type);
  ElementType type = ElementType(request.type);
  if (type == ElementType::F32Ftz || type == ElementType::TF32 || type == ElementType::TF32Ftz)
    return "tensor map: the emulator has no data type " + std::string(nameOf(type)) +
           ", which changes values on their way; hint: f32";
  if (request.rank < 1 || request.rank > TensorMapRequest::mostRank)
    return wrong("a rank", "from 1 to 5", request.rank);
  if (request.interleave > 2)
    return wrong("an interleave", "from 0 to 2", request.interleave);
  if (request.interleave)
    return "tensor map: the emulator knows no interleaved layouts";
  if (request.swizzle > 3)
    return wrong("a swizzle", "from 0 to 3 (none, 32, 64, 128 bytes)", request.swizzle);
  if (request.promotion > 3)
    return wrong("an L2 promotion", "from 0 to 3", request.promotion);
  if (request.fill > 1)
    return wrong("a fill", "of 0 (zeros) or 1 (NaN)", request.fill);
  if (request.fill == 1 && !isFloat(type))
    return "tensor map: expected a floating-point type for a fill with NaN, found " +
           std::string(nameOf(type));
  return "";
}

std::string refuseTensor(const TensorMapRequest &request) {
  if (request.address == 0 || request.address % 16)
    return "tensor map: expected an address that is a multiple of 16, found " +
           (request.address ? "one that is " + std::to_string(request.address % 16) + " above"
                            : std::string("null"));
  for (unsigned i = 0; i < request.rank; ++i)
    if (request.dims[i] < 1 || request.dims[i] > uint64_t(1) << 32)
      return wrong(indexed("dims", i), "from 1 to 4294967296", request.dims[i]);
  for (unsigned i = 0; i + 1 < request.rank; ++i)
    if (request.strides[i] % 16 || request.strides[i] >= uint64_t(1) << 40)
      return wrong(indexed("strides", i), "to be a multiple of 16 below 2^40", request.strides[i]);
  return "";
}

std::string refuseBox(const TensorMapRequest &request) {
  for (unsigned i = 0; i < request.rank; ++i) {
    if (request.box[i] < 1 || request.box[i] > 256)
      return wrong(indexed("box", i), "from 1 to 256", request.box[i]);
    // Without interleave the step of dimension 0 is ignored.
    if (i && (request.elementSteps[i] < 1 || request.elementSteps[i] > 8))
      return wrong(indexed("element strides", i), "from 1 to 8", request.elementSteps[i]);
  }
  uint32_t row = request.box[0] * bytesOf(ElementType(request.type));
  if (row % 16)
    return wrong("a box whose innermost dimension has", "a multiple of 16 bytes", row);
  SwizzleMode mode = SwizzleMode(request.swizzle);
  if (mode != SwizzleMode::None && row > swizzleBytes(mode))
    return wrong("a box whose innermost dimension has",
                 "at most the swizzle's " + std::to_string(swizzleBytes(mode)) + " bytes", row);
  return "";
}

} // namespace

uint32_t bytesOf(ElementType type) { return types[unsigned(type)].bytes; }
bool isFloat(ElementType type) { return types[unsigned(type)].isFloat; }
std::string_view nameOf(ElementType type) { return types[unsigned(type)].name; }

/// FNV-1a.
uint32_t TensorMap::checksumOfRest() const {
  const auto *bytes = reinterpret_cast<const uint8_t *>(this);
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < offsetof(TensorMap, checksum); ++i)
    hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

bool TensorMap::isIntact() const { return magic == expectedMagic && checksum == checksumOfRest(); }

uint64_t TensorMap::tileBytes() const {
  uint64_t bytes = elementBytes();
  for (unsigned i = 0; i < rank; ++i)
    bytes *= box[i];
  return bytes;
}

std::string encode(TensorMap &map, const TensorMapRequest &request) {
  for (auto refuse : {refuseKinds, refuseTensor, refuseBox})
    if (std::string why = refuse(request); !why.empty())
      return why;
  std::memset(static_cast<void *>(&map), 0, sizeof(map));
  map.magic = TensorMap::expectedMagic;
  map.address = request.address;
  map.rank = request.rank;
  map.type = ElementType(request.type);
  map.swizzle = SwizzleMode(request.swizzle);
  map.fill = request.fill;
  for (unsigned i = 0; i < request.rank; ++i) {
    map.dims[i] = request.dims[i];
    map.steps[i] = i ? request.elementSteps[i] : 1;
    map.box[i] = (request.box[i] + map.steps[i] - 1) / map.steps[i];
    if (i)
      map.strides[i - 1] = request.strides[i - 1];
  }
  map.checksum = map.checksumOfRest();
  return "";
}

} // namespace dreamer::emulator

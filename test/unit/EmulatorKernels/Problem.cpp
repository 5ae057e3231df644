// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Problem.h"

#include <algorithm>
#include <bit>

namespace dreamer::emulator::test {

BFloat::BFloat(float value) {
  uint32_t wide = std::bit_cast<uint32_t>(value);
  bits = (wide + 0x7fff + (wide >> 16 & 1)) >> 16; // to nearest even; no NaNs here
}

BFloat::operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }

float valueOfE4M3(uint8_t bits) {
  int exponent = bits >> 3 & 15, mantissa = bits & 7;
  float size = exponent ? std::ldexp(8 + mantissa, exponent - 10) : std::ldexp(mantissa, -9);
  return bits & 128 ? -size : size;
}

uint32_t Numbers::below(uint32_t limit) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return uint32_t((state >> 33) % limit);
}

std::byte *Problem::make(size_t bytes) {
  std::byte *array = memory.allocate(bytes);
  std::memset(array, 0xff, bytes);
  pointers.push_back(array);
  return array;
}

void Problem::map(const TensorMapRequest &request) {
  std::byte *array = make(sizeof(TensorMap));
  std::string problem = encode(*reinterpret_cast<TensorMap *>(array), request);
  if (!problem.empty())
    checks.push_back([problem] { return "tensor map: " + problem; });
  memory.hostWrote(array, sizeof(TensorMap));
}

std::byte *Problem::notArgument(std::byte *array) {
  std::erase(pointers, array);
  return array;
}

void *const *Problem::arguments() {
  addresses.clear();
  for (std::byte *&pointer : pointers)
    addresses.push_back(&pointer);
  return addresses.data();
}

std::string Problem::wrong() const {
  for (const auto &check : checks)
    if (std::string text = check(); !text.empty())
      return text;
  return "";
}

TensorMapRequest packedMap(ElementType type, const std::byte *tensor, std::vector<uint64_t> dims,
                           std::vector<uint32_t> box, SwizzleMode swizzle) {
  TensorMapRequest request;
  request.type = unsigned(type);
  request.rank = dims.size();
  request.address = reinterpret_cast<uint64_t>(tensor);
  request.swizzle = unsigned(swizzle);
  uint64_t stride = bytesOf(type);
  for (size_t d = 0; d < dims.size(); ++d) {
    request.dims[d] = dims[d];
    request.box[d] = box[d];
    request.elementSteps[d] = 1;
    stride *= dims[d];
    if (d + 1 < dims.size())
      request.strides[d] = stride;
  }
  return request;
}

} // namespace dreamer::emulator::test

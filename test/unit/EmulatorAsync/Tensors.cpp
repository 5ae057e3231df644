// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tensors.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {

TestTensor::TestTensor(Bench &bench, ElementType type, std::vector<uint64_t> dims,
                       std::vector<uint32_t> box, SwizzleMode swizzle) {
  request.type = unsigned(type);
  request.rank = dims.size();
  request.swizzle = unsigned(swizzle);
  uint64_t stride = bytesOf(type);
  for (size_t d = 0; d < dims.size(); ++d) {
    request.dims[d] = dims[d];
    request.box[d] = box[d];
    request.elementSteps[d] = 1;
    stride *= dims[d];
    stride = (stride + 15) / 16 * 16 + 16; // some padding
    if (d + 1 < dims.size())
      request.strides[d] = stride;
  }
  size = stride;
  bytes = bench.array<uint8_t>(size, [](size_t i) { return uint8_t(i * 7 + 3); });
  request.address = slotOf(bytes);
  map = bench.array<TensorMap>(1, [](size_t) { return TensorMap(); });
  encodeAgain();
}

void TestTensor::encodeAgain() { EXPECT_EQ(encode(*map, request), ""); }

uint32_t TestTensor::boxElements(unsigned dim) const {
  uint32_t step = dim ? request.elementSteps[dim] : 1;
  return (request.box[dim] + step - 1) / step;
}

uint32_t TestTensor::tileBytes() const {
  uint32_t bytes = elementBytes();
  for (unsigned d = 0; d < rank(); ++d)
    bytes *= boxElements(d);
  return bytes;
}

uint32_t swizzledPlace(uint32_t offset, SwizzleMode mode) {
  uint32_t within = offset % 16, piece = offset / 16 % 8, line = offset / 128;
  switch (mode) {
  case SwizzleMode::None:
    break;
  case SwizzleMode::Bytes32: // pieces in pairs, exchanged in every second line
    piece ^= line % 2;
    break;
  case SwizzleMode::Bytes64:
    piece ^= line % 4;
    break;
  case SwizzleMode::Bytes128:
    piece ^= line % 8;
    break;
  }
  return line * 128 + piece * 16 + within;
}

void TestTensor::eachElement(
    const std::vector<int32_t> &at, uint32_t base,
    const std::function<void(uint32_t shared, int64_t global)> &function) const {
  uint32_t count = tileBytes() / elementBytes();
  for (uint32_t i = 0; i < count; ++i) {
    bool inside = true;
    int64_t global = 0;
    uint32_t rest = i;
    for (unsigned d = 0; d < rank(); ++d) {
      int64_t step = d ? request.elementSteps[d] : 1;
      int64_t where = at[d] + int64_t(rest % boxElements(d)) * step;
      rest /= boxElements(d);
      inside &= where >= 0 && where < int64_t(request.dims[d]);
      global += where * int64_t(d ? request.strides[d - 1] : elementBytes());
    }
    function(swizzledPlace(base + i * elementBytes(), SwizzleMode(request.swizzle)),
             inside ? global : -1);
  }
}

} // namespace dreamer::emulator::test

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tensors and tiles as plain loops see them, to compare with.

#ifndef DREAMER_TEST_UNIT_EMULATORASYNC_TENSORS_H
#define DREAMER_TEST_UNIT_EMULATORASYNC_TENSORS_H

#include "Kernels.h"

#include "lib/Emulator/Machine/TensorMap.h"

namespace dreamer::emulator::test {

/// A tensor in global memory with a tensor map of it.
struct TestTensor {
  TensorMapRequest request;
  uint8_t *bytes = nullptr;
  TensorMap *map = nullptr;
  size_t size = 0; ///< in bytes, rows are padded

  /// `dims` and `box` innermost first. Byte i of the tensor is i * 7 + 3.
  TestTensor(Bench &bench, ElementType type, std::vector<uint64_t> dims, std::vector<uint32_t> box,
             SwizzleMode swizzle = SwizzleMode::None);
  /// After a change of the request.
  void encodeAgain();

  unsigned rank() const { return request.rank; }
  uint32_t elementBytes() const { return bytesOf(ElementType(request.type)); }
  uint32_t boxElements(unsigned dim) const;
  uint32_t tileBytes() const;
  /// Calls function(coordinates in the tile, offset in shared memory of the tile at `base`, offset
  /// in `bytes` or -1 when it is outside) for each element of the tile at `at`.
  void eachElement(const std::vector<int32_t> &at, uint32_t base,
                   const std::function<void(uint32_t shared, int64_t global)> &function) const;
};

/// The element's place by the definition of the swizzling modes: of each 8 rows of 16-byte pieces,
/// piece p of row r is exchanged with piece p ^ r (fewer rows and pieces for the smaller modes).
uint32_t swizzledPlace(uint32_t offset, SwizzleMode mode);

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORASYNC_TENSORS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a kernel's tensor map is made from.

#ifndef DREAMER_RUNTIME_GPU_TENSORMAPREQUEST_H
#define DREAMER_RUNTIME_GPU_TENSORMAPREQUEST_H

#include <array>
#include <cstdint>

namespace dreamer::runtime {

/// What cuTensorMapEncodeTiled is given (CUDA driver API, "Tensor Map Object Management"), in its
/// order; unused dimensions are not looked at. Enumerations have that interface's numbers.
struct TensorMapRequest {
  static constexpr uint32_t mostRank = 5;

  /// Of elements: u8, u16, u32, s32, u64, s64, f16, f32, f64, bf16, and three that change values on
  /// their way.
  unsigned type = 0;
  uint32_t rank = 1;
  uint64_t address = 0;                          ///< of the tensor in global memory
  std::array<uint64_t, mostRank> dims{};         ///< in elements, innermost first
  std::array<uint64_t, mostRank - 1> strides{};  ///< in bytes, of dimensions 1 and up
  std::array<uint32_t, mostRank> box{};          ///< in elements
  std::array<uint32_t, mostRank> elementSteps{}; ///< "elementStrides"; that of dimension 0 is 1
  unsigned interleave = 0;                       ///< none, 16, 32 bytes
  unsigned swizzle = 0;                          ///< none, 32, 64, 128 bytes
  unsigned promotion = 0;                        ///< to L2: none, 64, 128, 256 bytes; no effect
  unsigned fill = 0;                             ///< elements outside: 0 zeros, 1 NaN
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_GPU_TENSORMAPREQUEST_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Dense, row-major tensors: memory of their own (64-byte aligned), or a view of memory that
// something else keeps alive (a mapped file, a session's parameters, the caller).

#ifndef DREAMER_RUNTIME_CORE_TENSOR_H
#define DREAMER_RUNTIME_CORE_TENSOR_H

#include "runtime/core/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dreamer::runtime {

enum class DType : int32_t {
  F32 = DREAMER_F32,
  F64 = DREAMER_F64,
  BF16 = DREAMER_BF16,
  I32 = DREAMER_I32,
  I64 = DREAMER_I64
};
constexpr int32_t dtypeCount = 5;
constexpr size_t maxRank = DREAMER_MAX_RANK;
constexpr size_t tensorAlignment = 64; ///< bytes

using Shape = std::vector<int64_t>;

/// Bytes of one element.
size_t sizeOf(DType dtype);
bool isFloat(DType dtype);
/// "f32", "f64", "bf16", "i32", "i64"
std::string_view nameOf(DType dtype);
std::optional<DType> dtypeNamed(std::string_view name);

/// "[2,16]", "[]" for a scalar.
std::string toString(const Shape &shape);
/// "f32[2,16]"
std::string toString(DType dtype, const Shape &shape);

/// Number of elements, or nothing if the rank is above maxRank, a dimension is negative, or the
/// bytes of elements of 8 bytes would overflow int64.
std::optional<int64_t> elementsOf(const Shape &shape);

/// Zeroed memory, 64-byte aligned, or null if there is not enough. `bytes` may be 0.
std::shared_ptr<std::byte> allocateZeroed(size_t bytes);

class Tensor {
public:
  /// A scalar 0 of f32 that holds no memory; for containers.
  Tensor() = default;

  /// Zeros, memory of its own.
  static Result<Tensor> allocate(DType dtype, Shape shape);
  /// A view. `bytes` is what `data` has room for; `owner`, if given, is held as long as the view.
  static Result<Tensor> borrow(DType dtype, Shape shape, void *data, size_t bytes,
                               std::shared_ptr<const void> owner = nullptr);
  /// The same, read-only.
  static Result<Tensor> borrowConst(DType dtype, Shape shape, const void *data, size_t bytes,
                                    std::shared_ptr<const void> owner = nullptr);

  DType dtype() const { return theDType; }
  const Shape &shape() const { return theShape; }
  int64_t elements() const { return count; }
  size_t bytes() const { return static_cast<size_t>(count) * sizeOf(theDType); }
  bool writable() const { return isWritable; }

  const void *data() const { return pointer; }
  void *mutableData() const { return isWritable ? pointer : nullptr; }
  template <typename T>
  const T *as() const {
    return static_cast<const T *>(pointer);
  }
  template <typename T>
  T *asMutable() const {
    return static_cast<T *>(mutableData());
  }

  /// "f32[2,16]"
  std::string describe() const { return toString(theDType, theShape); }

  /// A copy with memory of its own, in `dtype`.
  Result<Tensor> convert(DType dtype) const;
  /// Copies elements into `target` (same shape, writable), converting between float types or
  /// between integer types. `where` names the tensor in messages.
  Status copyTo(const Tensor &target, std::string_view where) const;
  /// Sets every element; an integer type takes integers in its range only.
  Status fill(double value, std::string_view where) const;
  /// One element as f64. `index` must be inside.
  double element(int64_t index) const;

private:
  DType theDType = DType::F32;
  Shape theShape;
  int64_t count = 0;
  void *pointer = nullptr;
  bool isWritable = false;
  std::shared_ptr<const void> owner;
};

/// bfloat16: the upper half of a float, rounded to nearest, ties to even; NaN stays NaN.
uint16_t toBFloat16(float value);
float fromBFloat16(uint16_t value);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_TENSOR_H

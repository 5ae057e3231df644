// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>

#include <sys/mman.h>

namespace dreamer::runtime {

//===-- Element types ---===//

size_t sizeOf(DType dtype) {
  switch (dtype) {
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F64:
  case DType::I64:
    return 8;
  case DType::BF16:
    return 2;
  }
  return 0;
}

bool isFloat(DType dtype) { return dtype != DType::I32 && dtype != DType::I64; }

std::string_view nameOf(DType dtype) {
  constexpr std::string_view names[] = {"f32", "f64", "bf16", "i32", "i64"};
  return names[static_cast<int32_t>(dtype)];
}

std::optional<DType> dtypeNamed(std::string_view name) {
  for (int32_t i = 0; i < dtypeCount; ++i)
    if (nameOf(static_cast<DType>(i)) == name)
      return static_cast<DType>(i);
  return std::nullopt;
}

uint16_t toBFloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) // NaN: keep it one, and quiet
    return static_cast<uint16_t>((bits >> 16) | 0x40);
  bits += 0x7fff + ((bits >> 16) & 1);
  return static_cast<uint16_t>(bits >> 16);
}

float fromBFloat16(uint16_t value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

//===-- Shapes ---===//

std::string toString(const Shape &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string toString(DType dtype, const Shape &shape) {
  return std::string(nameOf(dtype)) + toString(shape);
}

std::optional<int64_t> elementsOf(const Shape &shape) {
  if (shape.size() > maxRank)
    return std::nullopt;
  int64_t elements = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    if (size == 0)
      empty = true;
    else if (__builtin_mul_overflow(elements, size, &elements))
      return std::nullopt;
  }
  if (elements > std::numeric_limits<int64_t>::max() / 8)
    return std::nullopt;
  return empty ? 0 : elements;
}

//===-- Memory ---===//

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DREAMER_CHECKED_MEMORY 1 // so that every buffer has red zones
#endif
#endif

std::shared_ptr<std::byte> allocateZeroed(size_t bytes) {
  constexpr size_t addressSpace = size_t{1} << 47;
  if (bytes >= addressSpace)
    return nullptr;
#ifndef DREAMER_CHECKED_MEMORY
  constexpr size_t mapFrom = size_t{1} << 20;
  if (bytes >= mapFrom) { // zero pages come from the kernel when first touched
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return nullptr;
    madvise(memory, bytes, MADV_HUGEPAGE); // a wish; failing is fine
    return std::shared_ptr<std::byte>(static_cast<std::byte *>(memory),
                                      [bytes](std::byte *p) { munmap(p, bytes); });
  }
#endif
  size_t rounded = bytes == 0 ? tensorAlignment
                              : (bytes + tensorAlignment - 1) / tensorAlignment * tensorAlignment;
  void *memory = std::aligned_alloc(tensorAlignment, rounded);
  if (!memory)
    return nullptr;
  std::memset(memory, 0, rounded);
  return std::shared_ptr<std::byte>(static_cast<std::byte *>(memory),
                                    [](std::byte *p) { std::free(p); });
}

//===-- Tensors ---===//

static Status badShape(DType dtype, const Shape &shape) {
  return failure(DREAMER_INVALID_ARGUMENT, "tensor",
                 "at most 8 dimensions of 0 or more, together less than 2^63 bytes",
                 toString(dtype, shape));
}

Result<Tensor> Tensor::allocate(DType dtype, Shape shape) {
  std::optional<int64_t> elements = elementsOf(shape);
  if (!elements)
    return badShape(dtype, shape);
  size_t bytes = static_cast<size_t>(*elements) * sizeOf(dtype);
  std::shared_ptr<std::byte> memory = allocateZeroed(bytes);
  if (!memory)
    return failure(DREAMER_OUT_OF_MEMORY, "tensor " + toString(dtype, shape),
                   std::to_string(bytes) + " bytes of memory", "less than that");
  std::byte *data = memory.get();
  return borrow(dtype, std::move(shape), data, bytes, std::move(memory));
}

Result<Tensor> Tensor::borrow(DType dtype, Shape shape, void *data, size_t bytes,
                              std::shared_ptr<const void> owner) {
  std::optional<int64_t> elements = elementsOf(shape);
  if (!elements)
    return badShape(dtype, shape);
  size_t needed = static_cast<size_t>(*elements) * sizeOf(dtype);
  if (bytes < needed || (!data && needed > 0))
    return failure(DREAMER_INVALID_ARGUMENT, "tensor " + toString(dtype, shape),
                   std::to_string(needed) + " bytes of memory",
                   data ? std::to_string(bytes) + " bytes" : "a null pointer");
  if (reinterpret_cast<uintptr_t>(data) % sizeOf(dtype) != 0)
    return failure(DREAMER_INVALID_ARGUMENT, "tensor " + toString(dtype, shape),
                   "memory aligned to " + std::to_string(sizeOf(dtype)) + " bytes",
                   "an unaligned pointer");
  Tensor tensor;
  tensor.theDType = dtype;
  tensor.theShape = std::move(shape);
  tensor.count = *elements;
  tensor.pointer = data;
  tensor.isWritable = true;
  tensor.owner = std::move(owner);
  return tensor;
}

Result<Tensor> Tensor::borrowConst(DType dtype, Shape shape, const void *data, size_t bytes,
                                   std::shared_ptr<const void> owner) {
  Result<Tensor> tensor =
      borrow(dtype, std::move(shape), const_cast<void *>(data), bytes, std::move(owner));
  if (tensor.ok())
    tensor->isWritable = false;
  return tensor;
}

//===-- Conversion ---===//

namespace {
/// bf16 has no C++ type of its own here.
struct BFloat16 {
  uint16_t bits;
};
} // namespace

/// Calls f with a value of the C++ type that `dtype` is made of.
template <typename F>
static auto withType(DType dtype, F f) {
  switch (dtype) {
  case DType::F64:
    return f(double());
  case DType::BF16:
    return f(BFloat16());
  case DType::I32:
    return f(int32_t());
  case DType::I64:
    return f(int64_t());
  case DType::F32:
    break;
  }
  return f(float());
}

template <typename T>
static double widen(T value) {
  if constexpr (std::is_same_v<T, BFloat16>)
    return fromBFloat16(value.bits);
  else
    return static_cast<double>(value);
}

/// Rounds f64 to bf16 once: through a float rounded to odd, so that no value is rounded twice.
static BFloat16 narrowToBFloat16(double value) {
  float nearest = static_cast<float>(value);
  uint32_t bits = std::bit_cast<uint32_t>(nearest);
  double back = nearest;
  if (back != value && std::isfinite(nearest)) {
    if (std::fabs(back) > std::fabs(value))
      --bits; // towards zero
    bits |= 1;
  }
  return {toBFloat16(std::bit_cast<float>(bits))};
}

template <typename To, typename From>
static To narrow(From value) {
  if constexpr (std::is_same_v<To, BFloat16>)
    return narrowToBFloat16(widen(value));
  else if constexpr (std::is_same_v<From, BFloat16>)
    return static_cast<To>(fromBFloat16(value.bits));
  else
    return static_cast<To>(value);
}

template <typename To, typename From>
static Status copyElements(const From *from, To *to, int64_t count, std::string_view where) {
  constexpr bool floats = !std::is_integral_v<To>;
  if constexpr (floats != !std::is_integral_v<From>) {
    return failure(DREAMER_MISMATCH, where, floats ? "a float type" : "an integer type",
                   floats ? "integers" : "floats");
  } else {
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<To, int32_t> && std::is_same_v<From, int64_t>) {
        if (from[i] != static_cast<int32_t>(from[i]))
          return failure(DREAMER_OUT_OF_RANGE, where, "values that fit into i32",
                         std::to_string(from[i]) + " at element " + std::to_string(i));
      }
      to[i] = narrow<To>(from[i]);
    }
    return {};
  }
}

Status Tensor::copyTo(const Tensor &target, std::string_view where) const {
  if (target.shape() != shape())
    return failure(DREAMER_MISMATCH, where, target.describe(), describe());
  if (!target.writable() && target.elements() > 0)
    return failure(DREAMER_INVALID_ARGUMENT, where, "writable memory", "a read-only tensor");
  if (count == 0)
    return {};
  if (target.dtype() == dtype()) {
    std::memmove(target.pointer, pointer, bytes());
    return {};
  }
  return withType(dtype(), [&](auto from) {
    return withType(target.dtype(), [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      return copyElements(as<From>(), target.asMutable<To>(), count, where);
    });
  });
}

Result<Tensor> Tensor::convert(DType dtype) const {
  Result<Tensor> copy = allocate(dtype, theShape);
  if (copy.ok())
    if (Status status = copyTo(*copy, "tensor " + describe()); status.failed())
      return status;
  return copy;
}

Status Tensor::fill(double value, std::string_view where) const {
  if (!isWritable && count > 0)
    return failure(DREAMER_INVALID_ARGUMENT, where, "writable memory", "a read-only tensor");
  if (!isFloat(theDType)) {
    double limit = theDType == DType::I32 ? 2147483648.0 : 9223372036854775808.0;
    if (!(value == std::floor(value) && value >= -limit && value < limit))
      return failure(DREAMER_OUT_OF_RANGE, where,
                     "an integer that fits into " + std::string(nameOf(theDType)),
                     std::to_string(value));
  }
  withType(theDType, [&](auto type) {
    using To = decltype(type);
    std::fill_n(asMutable<To>(), count, narrow<To>(value));
  });
  return {};
}

double Tensor::element(int64_t index) const {
  return withType(theDType, [&](auto type) { return widen(as<decltype(type)>()[index]); });
}

} // namespace dreamer::runtime

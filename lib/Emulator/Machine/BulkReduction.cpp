// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/BulkReduction.h"

#include "lib/Emulator/Machine/Formats.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace dreamer::emulator {

namespace {

constexpr std::string_view operators[] = {"add", "min", "max", "inc", "dec", "and", "or", "xor"};

/// Sums of two f16 or bf16 are exact enough in f32 to be rounded once.
struct BFloat16 {
  uint16_t bits;
  operator float() const { return decode(bits, Format::BF16); }
  static BFloat16 rounded(float value) { return {uint16_t(encode(value, Format::BF16))}; }
};

template <typename Element>
using Raw = std::conditional_t<sizeof(Element) == 2, uint16_t,
                               std::conditional_t<sizeof(Element) == 4, uint32_t, uint64_t>>;

template <typename Element>
Element combined(BulkOperator op, Element old, Element with) {
  if constexpr (std::is_same_v<Element, BFloat16>) {
    float a = old, b = with;
    return BFloat16::rounded(op == BulkOperator::Add   ? a + b
                             : op == BulkOperator::Min ? std::fmin(a, b)
                                                       : std::fmax(a, b));
  } else if constexpr (std::is_same_v<Element, _Float16>) {
    float a = old, b = with;
    return _Float16(op == BulkOperator::Add   ? a + b
                    : op == BulkOperator::Min ? std::fmin(a, b)
                                              : std::fmax(a, b));
  } else if constexpr (std::is_floating_point_v<Element>) {
    return old + with;
  } else {
    using Bits = std::make_unsigned_t<Element>;
    switch (op) {
    case BulkOperator::Add:
      return Element(Bits(old) + Bits(with));
    case BulkOperator::Min:
      return std::min(old, with);
    case BulkOperator::Max:
      return std::max(old, with);
    case BulkOperator::Inc:
      return old >= with ? 0 : old + 1;
    case BulkOperator::Dec:
      return old == 0 || old > with ? with : old - 1;
    case BulkOperator::And:
      return old & with;
    case BulkOperator::Or:
      return old | with;
    case BulkOperator::Xor:
      return old ^ with;
    }
    return old;
  }
}

template <typename Element>
void reduce(BulkOperator op, std::byte *to, const std::byte *from, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    auto *cell = reinterpret_cast<Raw<Element> *>(to + i * sizeof(Element));
    Element with;
    std::memcpy(&with, from + i * sizeof(Element), sizeof(Element));
    std::atomic_ref<Raw<Element>> shared(*cell);
    Raw<Element> old = shared.load(std::memory_order_relaxed), next;
    do
      next = std::bit_cast<Raw<Element>>(combined(op, std::bit_cast<Element>(old), with));
    while (!shared.compare_exchange_weak(old, next));
  }
}

} // namespace

std::optional<BulkOperator> bulkOperatorOf(std::string_view name) {
  for (unsigned i = 0; i < std::size(operators); ++i)
    if (operators[i] == name)
      return BulkOperator(i);
  return std::nullopt;
}

std::string_view nameOf(BulkOperator op) { return operators[unsigned(op)]; }

bool isReducible(BulkOperator op, ElementType type) {
  bool isHalf = type == ElementType::F16 || type == ElementType::BF16;
  bool isWord = type == ElementType::U32 || type == ElementType::S32;
  bool isLong = type == ElementType::U64 || type == ElementType::S64;
  switch (op) {
  case BulkOperator::Add:
    return isHalf || isWord || isLong || type == ElementType::F32 || type == ElementType::F64;
  case BulkOperator::Min:
  case BulkOperator::Max:
    return isHalf || isWord || isLong;
  case BulkOperator::Inc:
  case BulkOperator::Dec:
    return type == ElementType::U32;
  default:
    return isWord || isLong;
  }
}

void reduceBulk(BulkOperator op, ElementType type, std::byte *to, const std::byte *from,
                size_t count) {
  if (!isReducible(op, type))
    return;
  switch (type) {
  case ElementType::U32:
    return reduce<uint32_t>(op, to, from, count);
  case ElementType::S32:
    return reduce<int32_t>(op, to, from, count);
  case ElementType::U64:
    return reduce<uint64_t>(op, to, from, count);
  case ElementType::S64:
    return reduce<int64_t>(op, to, from, count);
  case ElementType::F16:
    return reduce<_Float16>(op, to, from, count);
  case ElementType::BF16:
    return reduce<BFloat16>(op, to, from, count);
  case ElementType::F32:
    return reduce<float>(op, to, from, count);
  case ElementType::F64:
    return reduce<double>(op, to, from, count);
  default:
    return;
  }
}

} // namespace dreamer::emulator

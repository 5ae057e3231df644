// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// One value of all lanes. PTX ISA, "redux.sync".

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace dreamer::emulator {

namespace {

using Combine = uint32_t (*)(uint32_t, uint32_t);

float asFloat(uint32_t bits) { return std::bit_cast<float>(bits); }

/// The smaller or larger of two floats: NaN only if both are, or, `nan`, if one is.
template <bool largest, bool absolute, bool nan>
uint32_t pick(uint32_t a, uint32_t b) {
  float x = asFloat(a), y = asFloat(b);
  if (absolute)
    x = std::fabs(x), y = std::fabs(y);
  constexpr uint32_t quiet = 0x7fffffff; // canonical
  if (std::isnan(x) || std::isnan(y)) {
    if (nan || (std::isnan(x) && std::isnan(y)))
      return quiet;
    return std::bit_cast<uint32_t>(std::isnan(x) ? y : x);
  }
  if (x == y) // zeros: -0 is less
    return std::bit_cast<uint32_t>(std::signbit(x) == largest ? y : x);
  return std::bit_cast<uint32_t>((x < y) == largest ? y : x);
}

template <bool largest>
Combine floatCombine(bool absolute, bool nan) {
  if (absolute)
    return nan ? pick<largest, true, true> : pick<largest, true, false>;
  return nan ? pick<largest, false, true> : pick<largest, false, false>;
}

class Redux : public WarpOperation {
public:
  Combine combine = nullptr;

  uint32_t members(const uint64_t *slots) const override { return slots[1]; }
  void execute(Warp &warp, uint32_t lanes) const override {
    auto value = [&](unsigned lane) { return uint32_t(warp.lane(lane).slots[0]); };
    uint32_t rest = lanes, result = value(__builtin_ctz(rest));
    if (rest & (rest - 1))
      while (rest &= rest - 1)
        result = combine(result, value(__builtin_ctz(rest)));
    else
      result = combine(result, result);
    for (rest = lanes; rest; rest &= rest - 1) {
      uint64_t *slots = warp.lane(__builtin_ctz(rest)).slots;
      slots[inputs] = result;
    }
  }
};

Combine integerCombine(std::string_view kind, bool isSigned) {
  if (kind == "add")
    return [](uint32_t a, uint32_t b) { return a + b; };
  if (kind == "and")
    return [](uint32_t a, uint32_t b) { return a & b; };
  if (kind == "or")
    return [](uint32_t a, uint32_t b) { return a | b; };
  if (kind == "xor")
    return [](uint32_t a, uint32_t b) { return a ^ b; };
  if (kind == "umin" || (kind == "min" && !isSigned))
    return [](uint32_t a, uint32_t b) { return std::min(a, b); };
  if (kind == "umax" || (kind == "max" && !isSigned))
    return [](uint32_t a, uint32_t b) { return std::max(a, b); };
  if (kind == "min")
    return [](uint32_t a, uint32_t b) { return uint32_t(std::min(int32_t(a), int32_t(b))); };
  if (kind == "max")
    return [](uint32_t a, uint32_t b) { return uint32_t(std::max(int32_t(a), int32_t(b))); };
  return nullptr;
}

} // namespace

std::unique_ptr<Operation> makeReduction(const Instruction &instruction) {
  // redux.sync.add, redux.sync.fmin.abs.NaN; in PTX redux.sync.min.u32, redux.sync.min.abs.NaN.f32
  std::vector<std::string_view> words = instruction.words();
  if (words.size() < 3 || words[0] != "redux" || words[1] != "sync" || instruction.inputs != 2)
    return nullptr;
  bool ptx = instruction.form == Instruction::Form::Ptx;
  auto redux = std::make_unique<Redux>();
  if (words[2] == "fmin" || words[2] == "fmax" || (ptx && words.back() == "f32")) {
    bool largest = words[2].ends_with("max");
    redux->combine = largest ? floatCombine<true>(instruction.has("abs"), instruction.has("NaN"))
                             : floatCombine<false>(instruction.has("abs"), instruction.has("NaN"));
  } else {
    redux->combine = integerCombine(words[2], !ptx || words.back() == "s32");
  }
  if (!redux->combine)
    return nullptr;
  return redux;
}

} // namespace dreamer::emulator

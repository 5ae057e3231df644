// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// cvt between floating-point formats: those that LLVM has no instructions for. Formats and
// roundings that need sm_100 (.rs, e2m1, e2m3, e3m2, ue8m0) are not known here.

#include "lib/Emulator/Machine/Formats.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

#include <bit>

namespace dreamer::emulator {

namespace {

/// One or two numbers of one format, as an instruction's operand or result.
struct Numbers {
  Format format;
  bool pair = false;
};

class Convert final : public Operation {
public:
  Convert(Numbers from, Numbers to, Conversion how) : from(from), to(to), how(how) {}

  void execute(Thread &, uint64_t *slots) const override {
    if (!to.pair) {
      slots[inputs] = encode(decode(uint32_t(slots[0]), from.format), to.format, how);
      return;
    }
    // The first of two operands and the upper half of a packed one become the upper half.
    unsigned wide = bitsOf(from.format), narrow = bitsOf(to.format);
    uint32_t mask = wide == 32 ? ~0u : (1u << wide) - 1;
    uint32_t high = uint32_t(from.pair ? slots[0] >> wide : slots[0]) & mask;
    uint32_t low = uint32_t(from.pair ? slots[0] : slots[1]) & mask;
    slots[inputs] = encode(decode(high, from.format), to.format, how) << narrow |
                    encode(decode(low, from.format), to.format, how);
  }

private:
  Numbers from, to;
  Conversion how;
};

std::optional<Numbers> numbersNamed(std::string_view name) {
  bool pair = name.ends_with("x2");
  std::optional<Format> format = formatNamed(pair ? name.substr(0, name.size() - 2) : name);
  if (!format || isInteger(*format) || *format == Format::F64)
    return std::nullopt;
  return Numbers{*format, pair};
}

/// Splits "f2bf16", "ff2f16x2", "f2tf32" and "f2h", "bf2h" of intrinsics.
bool splitShortName(std::string_view name, std::optional<Numbers> &from,
                    std::optional<Numbers> &to) {
  size_t two = name.find('2');
  if (two == std::string_view::npos)
    return false;
  std::string_view source = name.substr(0, two), target = name.substr(two + 1);
  to = target == "h" ? Numbers{Format::F16} : numbersNamed(target);
  if (source == "bf")
    from = Numbers{Format::BF16};
  else if (source == "f" || source == "ff")
    from = Numbers{Format::F32};
  return from && to && to->pair == (source == "ff");
}

/// What there is, by PTX ISA 8.x, section "cvt", Table of formats; `explicitly`: a .satfinite that
/// must be written is.
bool allowed(Numbers from, Numbers to, Conversion how, bool rounds, bool explicitly) {
  bool away = how.rounding == Rounding::NearestAway;
  bool nearest = rounds && how.rounding == Rounding::NearestEven;
  switch (to.format) {
  case Format::F16:
    if (from.format == Format::E4M3 || from.format == Format::E5M2)
      return from.pair && to.pair && nearest && !how.saturate;
    if (from.format == Format::BF16)
      return !from.pair && !to.pair && nearest;
    [[fallthrough]];
  case Format::BF16:
    return from.format == Format::F32 && !from.pair && rounds && !away;
  case Format::TF32:
    return from.format == Format::F32 && !from.pair && !to.pair && rounds && !(away && how.relu);
  case Format::E4M3:
  case Format::E5M2:
    if (!to.pair || !nearest || !explicitly)
      return false;
    return from.pair ? from.format == Format::F16 : from.format == Format::F32;
  case Format::F32: // exact
    return !to.pair && !from.pair && !rounds && !how.saturate && !how.relu &&
           (from.format == Format::F16 || from.format == Format::BF16);
  default:
    return false;
  }
}

} // namespace

std::unique_ptr<Operation> makeConversion(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  std::optional<Numbers> from, to;
  bool ptx = instruction.form == Instruction::Form::Ptx;
  size_t modifiers = 0, modifiersEnd = words.size();
  if (ptx) { // cvt.rn.relu.satfinite.to.from
    if (words.size() < 3 || words[0] != "cvt")
      return nullptr;
    modifiers = 1, modifiersEnd -= 2;
    to = numbersNamed(words[modifiersEnd]);
    from = numbersNamed(words[modifiersEnd + 1]);
  } else if (words.size() > 2 && words[1] == "to") { // ff.to.e4m3x2.rn, e4m3x2.to.f16x2.rn
    from = words[0] == "ff" ? Numbers{Format::F32} : numbersNamed(words[0]);
    to = numbersNamed(words[2]);
    modifiers = 3;
  } else if (!words.empty() && splitShortName(words[0], from, to)) {
    modifiers = 1;
  }
  if (!from || !to || modifiers == 0)
    return nullptr;

  Conversion how;
  bool rounds = false;
  for (size_t i = modifiers; i < modifiersEnd; ++i) {
    std::string_view word = words[i];
    if (word == "rn" || word == "rz" || word == "rna") {
      rounds = true;
      how.rounding = word == "rn"   ? Rounding::NearestEven
                     : word == "rz" ? Rounding::Zero
                                    : Rounding::NearestAway;
    } else if (word == "relu") {
      how.relu = true;
    } else if (word == "satfinite") {
      how.saturate = true;
    } else if (word != "ftz") { // subnormal f32 become 0 in all narrower formats but bf16 and tf32
      return nullptr;
    } else if (to->format != Format::F16) {
      return nullptr;
    }
  }
  // Intrinsics leave out the .satfinite that 8-bit formats always have.
  if (!ptx && (to->format == Format::E4M3 || to->format == Format::E5M2))
    how.saturate = true;
  if (!allowed(*from, *to, how, rounds, how.saturate))
    return nullptr;
  unsigned operands = to->pair && !from->pair ? 2 : 1;
  if (instruction.inputs != operands || instruction.outputs != 1)
    return nullptr;
  return std::make_unique<Convert>(*from, *to, how);
}

} // namespace dreamer::emulator

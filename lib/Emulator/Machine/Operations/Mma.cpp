// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mma.sync: PTX ISA 8.x, section "Multiply-and-Accumulate Instruction: mma". Sparse and
// block-scaled ones are not known here.

#include "lib/Emulator/Machine/Operations/MmaInstruction.h"

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace dreamer::emulator {

//===-- Names -----------------------------------------------------------------------------------------------------===//

std::optional<MmaShape> shapeNamed(std::string_view name) {
  MmaShape shape;
  for (auto [letter, size] : {std::pair('m', &shape.m), {'n', &shape.n}, {'k', &shape.k}}) {
    if (!name.starts_with(letter))
      return std::nullopt;
    const char *end = name.data() + name.size();
    auto [rest, error] = std::from_chars(name.data() + 1, end, *size);
    if (error != std::errc() || *size > 256)
      return std::nullopt;
    name = std::string_view(rest, size_t(end - rest));
  }
  return name.empty() ? std::optional(shape) : std::nullopt;
}

/// The types that a name spells: all four in PTX's order, or those by which LLVM's intrinsics of a
/// kind differ (MMA_SIGNATURE in IntrinsicsNVVM.td).
static bool setTypes(MmaInstruction &mma, std::span<const Format> types) {
  auto isFloatSum = [](Format format) { return format == Format::F16 || format == Format::F32; };
  auto set = [&](Format d, Format a, Format b, Format c) {
    mma.d = d, mma.a = a, mma.b = b, mma.c = c;
    return true;
  };
  if (types.size() == 4)
    return set(types[0], types[1], types[2], types[3]);
  if (types.empty() || types.size() > 2)
    return false;
  Format first = types.front(), last = types.back();
  if (types.size() == 2 && isFloatSum(first) && isFloatSum(last))
    return set(first, Format::F16, Format::F16, last);
  if (isInteger(first) && isInteger(last))
    return set(Format::S32, first, last, Format::S32);
  if (types.size() == 1 && (first == Format::BF16 || first == Format::TF32))
    return set(Format::F32, first, first, Format::F32);
  if (types.size() == 1 && first == Format::F64)
    return set(first, first, first, first);
  return false;
}

std::optional<MmaInstruction> parseMma(const std::vector<std::string_view> &words) {
  MmaInstruction mma;
  std::vector<Format> types;
  unsigned layouts = 0, shapes = 0, counted = 0;
  bool nearest = false;
  for (std::string_view word : words) {
    if (std::optional<MmaShape> shape = shapeNamed(word)) {
      mma.shape = *shape;
      ++shapes;
    } else if (std::optional<Format> type = formatNamed(word)) {
      types.push_back(*type);
    } else if (word == "row" || word == "col") {
      (layouts++ == 0 ? mma.aIsColumnMajor : mma.bIsColumnMajor) = word == "col";
    } else if (word == "satfinite") {
      mma.saturate = true;
    } else if (word == "xor" || word == "and") {
      mma.bits = word == "xor" ? MmaInstruction::Xor : MmaInstruction::And;
    } else if (word == "popc") {
      ++counted;
    } else if (word == "rn") { // of f64, which are rounded so anyway
      nearest = true;
    } else {
      return std::nullopt;
    }
  }
  if (shapes != 1 || layouts != 2 || !setTypes(mma, types) || (nearest && mma.a != Format::F64))
    return std::nullopt;
  bool bits = mma.a == Format::B1;
  if (bits != (mma.b == Format::B1) || bits != (mma.bits != MmaInstruction::NoBits) ||
      counted != unsigned(bits))
    return std::nullopt;
  return mma;
}

//===-- What there is ---------------------------------------------------------------------------------------------===//

/// Whether the types go together; all shapes aside.
static bool typesMatch(const MmaInstruction &mma) {
  switch (mma.a) {
  case Format::F16:
  case Format::E4M3:
  case Format::E5M2:
    if (mma.c != Format::F16 && mma.c != Format::F32)
      return false;
    return mma.c == mma.d &&
           (mma.a == Format::F16 ? mma.b == Format::F16 : bitsOf(mma.b) == 8 && !isInteger(mma.b));
  case Format::BF16:
  case Format::TF32:
    return mma.b == mma.a && mma.c == Format::F32 && mma.d == Format::F32;
  case Format::F64:
    return mma.b == mma.a && mma.c == mma.a && mma.d == mma.a;
  case Format::S8:
  case Format::U8:
  case Format::S4:
  case Format::U4:
  case Format::B1:
    return isInteger(mma.b) && bitsOf(mma.a) == bitsOf(mma.b) && mma.c == Format::S32 &&
           mma.d == Format::S32;
  default:
    return false;
  }
}

/// The shapes of one number of bits.
static bool shapeExists(MmaShape shape, unsigned bits) {
  if (shape.n != 8 || (shape.m != 8 && shape.m != 16))
    return false;
  bool small = shape.m == 8;
  switch (bits) {
  case 64:
    return shape.k == 4 || (!small && (shape.k == 8 || shape.k == 16));
  case 32:
    return !small && (shape.k == 4 || shape.k == 8);
  case 16:
    return !small && (shape.k == 8 || shape.k == 16);
  case 8:
    return shape.k == 16 || (!small && shape.k == 32);
  case 4:
    return shape.k == 32 || (!small && shape.k == 64);
  case 1:
    return shape.k == 128 || (!small && shape.k == 256);
  default:
    return false;
  }
}

static std::unique_ptr<Operation> makeMmaOf(const MmaInstruction &mma) {
  if (mma.isQuad())
    return makeQuadMma(mma);
  bool plain = !mma.aIsColumnMajor && mma.bIsColumnMajor;
  bool eightBitFloats = bitsOf(mma.a) == 8 && !isInteger(mma.a);
  if (!plain || !typesMatch(mma) || !shapeExists(mma.shape, bitsOf(mma.a)) ||
      (eightBitFloats && mma.shape.m == 8) ||
      (mma.saturate && (!isInteger(mma.a) || mma.a == Format::B1)))
    return nullptr;
  if (isInteger(mma.a))
    return makeIntegerMma(mma);
  return mma.a == Format::F64 ? makeDoubleMma(mma) : makeFloatMma(mma);
}

std::unique_ptr<Operation> makeMma(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  if (words.front() == "wmma")
    return makeWmma(instruction);
  if (words.front() != "mma")
    return nullptr;
  size_t first = 1;
  if (instruction.form == Instruction::Form::Ptx) {
    if (words.size() < 4 || words[1] != "sync" || words[2] != "aligned")
      return nullptr;
    first = 3;
  }
  std::optional<MmaInstruction> mma = parseMma({words.begin() + first, words.end()});
  if (!mma)
    return nullptr;
  unsigned operands = mma->registersOfA() + mma->registersOfB() + mma->registersOfC();
  if (instruction.inputs != operands || instruction.outputs != mma->registersOfD())
    return nullptr;
  return makeMmaOf(*mma);
}

void MmaOperation::execute(Warp &warp, uint32_t lanes) const {
  if (lanes == ~0u)
    return multiply(warp);
  // Reported already: some lanes have exited or were never there. What hardware does is undefined.
  for (; lanes; lanes &= lanes - 1) {
    std::fill_n(warp.lane(__builtin_ctz(lanes)).slots + slot.d, registers.d, 0);
  }
}

bool MmaOperation::place(std::span<const uint16_t> places) {
  auto first = [&](unsigned count) -> std::optional<unsigned> {
    std::span<const uint16_t> own = places.first(count);
    places = places.subspan(count);
    for (unsigned i = 0; i < count; ++i)
      if (own[i] != own[0] + i)
        return std::nullopt;
    return own[0];
  };
  std::optional<unsigned> a = first(registers.a), b = first(registers.b), c = first(registers.c),
                          d = first(registers.d);
  if (!a || !b || !c || !d)
    return false;
  slot = {*a, *b, *c, *d};
  return true;
}

} // namespace dreamer::emulator

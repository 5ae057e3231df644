// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Operations/WarpgroupProduct.h"

#include "lib/Emulator/Machine/Operations/MmaInstruction.h"
#include "lib/Emulator/Machine/Products.h"

#include <algorithm>
#include <bit>

namespace dreamer::emulator {

//===-- Names -----------------------------------------------------------------------------------------------------===//

bool WarpgroupMmaForm::exists() const {
  bool floatSum = d == Format::F32 || d == Format::F16;
  if (n < 8 || n > 256 || n % 8)
    return false;
  switch (a) {
  case Format::F16:
    return b == a && floatSum && k == 16;
  case Format::BF16:
    return b == a && d == Format::F32 && k == 16;
  case Format::TF32:
    return b == a && d == Format::F32 && k == 8;
  case Format::E4M3:
  case Format::E5M2:
    return (b == Format::E4M3 || b == Format::E5M2) && floatSum && k == 32;
  case Format::S8:
  case Format::U8:
    return (b == Format::S8 || b == Format::U8) && d == Format::S32 && k == 32 &&
           (n % 16 == 0 || n <= 24);
  case Format::B1:
    return b == a && d == Format::S32 && k == 256 && (n % 16 == 0 || n <= 24);
  default:
    return false;
  }
}

std::optional<WarpgroupMmaForm> WarpgroupMmaForm::of(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  if (instruction.form != Instruction::Form::Ptx || words.size() < 8 || words[0] != "wgmma" ||
      words[1] != "mma_async" || words[2] != "sync" || words[3] != "aligned")
    return std::nullopt;
  std::optional<MmaShape> shape = shapeNamed(words[4]);
  std::vector<Format> types;
  WarpgroupMmaForm form{};
  unsigned ofBits = 0; // ".and.popc", which b1 must have
  for (size_t i = 5; i < words.size(); ++i) {
    if (std::optional<Format> type = formatNamed(words[i]))
      types.push_back(*type);
    else if (words[i] == "satfinite")
      form.saturate = true;
    else if (words[i] == "and" || words[i] == "popc")
      ++ofBits;
    else
      return std::nullopt;
  }
  if (!shape || shape->m != m || types.size() != 3)
    return std::nullopt;
  form.n = shape->n, form.k = shape->k;
  form.d = types[0], form.a = types[1], form.b = types[2];
  bool bits = form.a == Format::B1;
  if (!form.exists() || ofBits != (bits ? 2 : 0) ||
      (form.saturate && (!isInteger(form.a) || bits)) || instruction.outputs != form.accumulators())
    return std::nullopt;
  for (bool aInRegisters : {false, true}) {
    form.aInRegisters = aInRegisters;
    if (instruction.inputs == form.operands())
      return form;
  }
  return std::nullopt;
}

//===-- Numbers ---------------------------------------------------------------------------------------------------===//

WarpgroupProduct &WarpgroupProduct::ofThisThread() {
  static thread_local WarpgroupProduct one;
  return one;
}

static float *floats(uint32_t *words) { return reinterpret_cast<float *>(words); }
static int16_t *shorts(uint32_t *words) { return reinterpret_cast<int16_t *>(words); }
static int32_t *integers(uint32_t *words) { return reinterpret_cast<int32_t *>(words); }

void WarpgroupProduct::decodeA(const WarpgroupMmaForm &form, bool isMnMajor) {
  constexpr unsigned count = WarpgroupMmaForm::m * wordsOfRow;
  if (form.a == Format::B1)
    return void(std::copy_n(words, count, a));
  if (isInteger(form.a))
    return integerDecoder(form.a)(words, count, shorts(a));
  FloatDecoder decode = floatDecoder(form.a);
  if (!isMnMajor)
    return decode(words, count, floats(a));
  decode(words, count, floats(turned));
  transpose(form.k, form.m, turned, a);
}

void WarpgroupProduct::decodeB(const WarpgroupMmaForm &form, bool isMnMajor) {
  unsigned count = form.n * wordsOfRow;
  if (form.b == Format::B1)
    return void(std::copy_n(words, count, b)); // by columns
  if (isInteger(form.b)) {
    integerDecoder(form.b)(words, count, shorts(turned));
    return transpose(form.n, form.k / 2, turned, b); // pairs of elements
  }
  FloatDecoder decode = floatDecoder(form.b);
  if (isMnMajor)
    return decode(words, count, floats(b));
  decode(words, count, floats(turned));
  transpose(form.n, form.k, turned, b);
}

void WarpgroupProduct::compute(const WarpgroupMmaForm &form, bool keep, bool negate) {
  unsigned n = form.n, k = form.k, elements = form.m * n;
  if (!keep)
    std::fill_n(sums, form.sumWords(), 0);
  if (form.d == Format::S32) {
    std::fill_n(c, elements, 0);
    if (form.a == Format::B1)
      countBits(form);
    else
      addProduct(form.m, n, k, shorts(a), shorts(b), integers(c));
    addIntegers(elements, integers(c), form.saturate, integers(sums));
    return;
  }
  if (negate)
    for (unsigned i = 0; i < form.m * k; ++i)
      a[i] ^= 0x80000000;
  if (form.d == Format::F32)
    return addProduct(form.m, n, k, floats(a), floats(b), floats(sums));
  floatDecoder(Format::F16)(sums, elements / 2, floats(c));
  addProduct(form.m, n, k, floats(a), floats(b), floats(c));
  for (unsigned i = 0; i < elements; i += 8)
    encodeHalves(floats(c) + i, reinterpret_cast<uint16_t *>(sums) + i);
}

/// c = the ones that rows of A and columns of B have in common.
void WarpgroupProduct::countBits(const WarpgroupMmaForm &form) {
  for (unsigned i = 0; i < form.m * form.n; ++i)
    for (unsigned word = 0; word < wordsOfRow; ++word)
      c[i] += unsigned(
          std::popcount(a[i / form.n * wordsOfRow + word] & b[i % form.n * wordsOfRow + word]));
}

} // namespace dreamer::emulator

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/WordFunctions.h"

#include <algorithm>

namespace dreamer::emulator {

namespace {

using Word = uint32_t;

template <typename T>
int64_t field(Word word, unsigned index) {
  return T(word >> index * 8 * sizeof(T));
}

/// PTX ISA, "dp4a": four products of bytes and a sum.
template <typename A, typename B>
Word dot4(Word a, Word b, Word sum) {
  for (unsigned i = 0; i < 4; ++i)
    sum += Word(field<A>(a, i) * field<B>(b, i));
  return sum;
}

/// PTX ISA, "dp2a": two products of 16-bit parts of `a` with the bytes of a half of `b`.
template <typename A, typename B>
Word dot2(Word a, Word b, Word high, Word sum) {
  for (unsigned i = 0; i < 2; ++i)
    sum += Word(field<A>(a, i) * field<B>(b, i + 2 * (high & 1)));
  return sum;
}

/// PTX ISA, "prmt": the bytes of b and a, b above, by numbers from 0 to 7, lowest byte first.
Word gather(Word a, Word b, unsigned b0, unsigned b1, unsigned b2, unsigned b3) {
  uint64_t all = uint64_t(b) << 32 | a;
  auto byte = [&](unsigned i) { return Word(all >> 8 * (i & 7) & 0xff); };
  return byte(b0) | byte(b1) << 8 | byte(b2) << 16 | byte(b3) << 24;
}
Word forward4(Word a, Word b, Word c) {
  unsigned s = c & 3;
  return gather(a, b, s, s + 1, s + 2, s + 3);
}
Word backward4(Word a, Word b, Word c) {
  unsigned s = c & 3;
  return gather(a, b, s, s + 7, s + 6, s + 5);
}
Word replicate8(Word a, Word c) {
  unsigned s = c & 3;
  return gather(a, 0, s, s, s, s);
}
Word clampLeft(Word a, Word c) {
  unsigned s = c & 3;
  return gather(a, 0, s, std::max(1u, s), std::max(2u, s), 3);
}
Word clampRight(Word a, Word c) {
  unsigned s = c & 3;
  return gather(a, 0, 0, std::min(1u, s), std::min(2u, s), s);
}
Word replicate16(Word a, Word c) {
  unsigned s = (c & 1) * 2;
  return gather(a, 0, s, s + 1, s, s + 1);
}

/// PTX ISA, "bmsk": `count` ones from bit `from` on.
template <bool wraps>
Word ones(Word from, Word count) {
  from = wraps ? from & 31 : std::min<Word>(from, 32);
  count = wraps ? count & 31 : std::min<Word>(count, 32);
  uint64_t mask = ((uint64_t(1) << count) - 1) << from;
  return Word(mask);
}

/// PTX ISA, "szext": the lowest `bits` bits, with their sign or zeros above.
template <bool isSigned, bool wraps>
Word extend(Word value, Word bits) {
  bits = wraps ? bits & 31 : std::min<Word>(bits, 32);
  if (bits == 0)
    return 0;
  unsigned rest = 32 - bits;
  return isSigned ? Word(int32_t(value << rest) >> rest) : value << rest >> rest;
}

/// PTX ISA, "fns": the place of the |offset|-th set bit from `base` on, up or down.
Word nthSet(Word mask, Word base, Word offset) {
  int32_t rest = int32_t(offset);
  if (base > 31)
    return ~0u;
  if (rest == 0)
    return mask >> base & 1 ? base : ~0u;
  int step = rest > 0 ? 1 : -1;
  rest = rest > 0 ? rest : -rest;
  for (int at = int(base); at >= 0 && at < 32; at += step)
    if ((mask >> at & 1) && --rest == 0)
      return Word(at);
  return ~0u;
}

} // namespace

std::span<const WordFunction> wordFunctions() {
#define WORDS(name, operands, ...)                                                                 \
  {                                                                                                \
    name, "dreamer.emulator." name, operands, reinterpret_cast<void *>(&__VA_ARGS__)               \
  }
  static const WordFunction functions[] = {
      WORDS("idp4a.s.s", 3, dot4<int8_t, int8_t>),
      WORDS("idp4a.s.u", 3, dot4<int8_t, uint8_t>),
      WORDS("idp4a.u.s", 3, dot4<uint8_t, int8_t>),
      WORDS("idp4a.u.u", 3, dot4<uint8_t, uint8_t>),
      WORDS("idp2a.s.s", 4, dot2<int16_t, int8_t>),
      WORDS("idp2a.s.u", 4, dot2<int16_t, uint8_t>),
      WORDS("idp2a.u.s", 4, dot2<uint16_t, int8_t>),
      WORDS("idp2a.u.u", 4, dot2<uint16_t, uint8_t>),
      WORDS("prmt.f4e", 3, forward4),
      WORDS("prmt.b4e", 3, backward4),
      WORDS("prmt.rc8", 2, replicate8),
      WORDS("prmt.ecl", 2, clampLeft),
      WORDS("prmt.ecr", 2, clampRight),
      WORDS("prmt.rc16", 2, replicate16),
      WORDS("bmsk.clamp", 2, ones<false>),
      WORDS("bmsk.wrap", 2, ones<true>),
      WORDS("sext.clamp", 2, extend<true, false>),
      WORDS("sext.wrap", 2, extend<true, true>),
      WORDS("zext.clamp", 2, extend<false, false>),
      WORDS("zext.wrap", 2, extend<false, true>),
      WORDS("fns", 3, nthSet),
  };
#undef WORDS
  return functions;
}

} // namespace dreamer::emulator

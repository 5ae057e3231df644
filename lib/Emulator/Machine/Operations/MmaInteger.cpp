// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mma.sync of s8, u8, s4, u4 and b1, summed in s32.

#include "lib/Emulator/Machine/Operations/MmaInstruction.h"

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Products.h"
#include "lib/Emulator/Machine/WarpRegisters.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace dreamer::emulator {

void addIntegers(unsigned count, const int32_t *products, bool saturate, int32_t *c) {
  for (unsigned i = 0; i < count; ++i) {
    int64_t sum = int64_t(c[i]) + products[i];
    if (saturate)
      sum = std::clamp<int64_t>(sum, std::numeric_limits<int32_t>::min(),
                                std::numeric_limits<int32_t>::max());
    c[i] = int32_t(uint32_t(sum));
  }
}

namespace {

constexpr unsigned most = 64; // of k

class IntegerMma final : public MmaOperation {
public:
  explicit IntegerMma(const MmaInstruction &mma)
      : MmaOperation(mma), decodeA(integerDecoder(mma.a)), decodeB(integerDecoder(mma.b)) {}

  void multiply(Warp &warp) const override {
    unsigned m = mma.shape.m, k = mma.shape.k;
    LaneSlots lanes(warp);
    alignas(32) uint32_t words[16 * 8];
    alignas(32) int16_t a[16 * most], columnsOfB[8 * most], b[8 * most];
    alignas(32) int32_t products[16 * 8] = {}, c[16 * 8];
    gatherWords(lanes + slot.a, m, registers.a, words);
    decodeA(words, 32 * registers.a, a);
    gatherWords(lanes + slot.b, 8, registers.b, words);
    decodeB(words, 32 * registers.b, columnsOfB);
    transpose(8, k / 2, reinterpret_cast<const uint32_t *>(columnsOfB),
              reinterpret_cast<uint32_t *>(b)); // pairs of elements
    addProduct(m, 8, k, a, b, products);
    gatherAccumulator(lanes + slot.c, m, 8, reinterpret_cast<uint32_t *>(c));
    addIntegers(m * 8, products, mma.saturate, c);
    scatterAccumulator(lanes + slot.d, m, 8, reinterpret_cast<const uint32_t *>(c));
  }

private:
  IntegerDecoder decodeA, decodeB;
};

/// Counts the ones of a xor b, or of a and b.
class BitMma final : public MmaOperation {
public:
  using MmaOperation::MmaOperation;

  void multiply(Warp &warp) const override {
    unsigned m = mma.shape.m, words = mma.shape.k / 32;
    LaneSlots lanes(warp);
    uint32_t a[16 * 8], b[8 * 8];
    int32_t products[16 * 8] = {}, c[16 * 8];
    gatherWords(lanes + slot.a, m, registers.a, a);
    gatherWords(lanes + slot.b, 8, registers.b, b);
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < 8; ++column)
        for (unsigned i = 0; i < words; ++i) {
          uint32_t left = a[row * words + i], right = b[column * words + i];
          products[8 * row + column] +=
              std::popcount(mma.bits == MmaInstruction::Xor ? left ^ right : left & right);
        }
    gatherAccumulator(lanes + slot.c, m, 8, reinterpret_cast<uint32_t *>(c));
    addIntegers(m * 8, products, false, c);
    scatterAccumulator(lanes + slot.d, m, 8, reinterpret_cast<const uint32_t *>(c));
  }
};

} // namespace

std::unique_ptr<Operation> makeIntegerMma(const MmaInstruction &mma) {
  if (mma.a == Format::B1)
    return std::make_unique<BitMma>(mma);
  return std::make_unique<IntegerMma>(mma);
}

} // namespace dreamer::emulator

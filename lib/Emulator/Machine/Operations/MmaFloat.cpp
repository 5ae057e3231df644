// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mma.sync of f16, bf16, tf32, e4m3 and e5m2: summed in f32 (Products.h), rounded once when D is
// f16.

#include "lib/Emulator/Machine/Operations/MmaInstruction.h"

#include "lib/Emulator/Machine/Fragments.h"
#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Products.h"
#include "lib/Emulator/Machine/WarpRegisters.h"

#include <bit>

namespace dreamer::emulator {

namespace {

constexpr unsigned most = 32; // of k

class FloatMma final : public MmaOperation {
public:
  explicit FloatMma(const MmaInstruction &mma)
      : MmaOperation(mma), decodeA(floatDecoder(mma.a)), decodeB(floatDecoder(mma.b)) {}

  void multiply(Warp &warp) const override {
    unsigned k = mma.shape.k;
    LaneSlots lanes(warp);
    alignas(32) uint32_t words[16 * 8];
    alignas(32) float a[16 * most], columnsOfB[8 * most], b[8 * most], c[16 * 8];
    gatherWords(lanes + slot.a, 16, registers.a, words);
    decodeA(words, 32 * registers.a, a);
    gatherWords(lanes + slot.b, 8, registers.b, words);
    decodeB(words, 32 * registers.b, columnsOfB);
    transpose(8, k, reinterpret_cast<const uint32_t *>(columnsOfB),
              reinterpret_cast<uint32_t *>(b));

    LaneSlots sums = lanes + slot.c, results = lanes + slot.d;
    if (mma.c == Format::F32) {
      gatherAccumulator(sums, 16, 8, reinterpret_cast<uint32_t *>(c));
      addProduct(16, 8, k, a, b, c);
      scatterAccumulator(results, 16, 8, reinterpret_cast<const uint32_t *>(c));
      return;
    }
    gatherWords(sums, 16, 2, words);
    floatDecoder(Format::F16)(words, 16 * 4, c);
    addProduct(16, 8, k, a, b, c);
    for (unsigned row = 0; row < 16; ++row)
      encodeHalves(c + 8 * row, reinterpret_cast<uint16_t *>(words + 4 * row));
    scatterWords(results, 16, 2, words);
  }

private:
  FloatDecoder decodeA, decodeB;
};

class DoubleMma final : public MmaOperation {
public:
  using MmaOperation::MmaOperation;

  void multiply(Warp &warp) const override {
    unsigned m = mma.shape.m, k = mma.shape.k;
    double a[16 * 16], b[16 * 8], c[16 * 8];
    for (unsigned lane = 0; lane < 32; ++lane) {
      const uint64_t *slots = warp.lane(lane).slots;
      for (unsigned r = 0; r < registers.a; ++r)
        at(a, k, placeInA(m, 1, lane, r, 0)) = std::bit_cast<double>(slots[slot.a + r]);
      for (unsigned r = 0; r < registers.b; ++r)
        at(b, 8, placeInB(1, lane, r, 0)) = std::bit_cast<double>(slots[slot.b + r]);
      for (unsigned r = 0; r < registers.c; ++r)
        at(c, 8, placeInAccumulator(m, 1, lane, r, 0)) = std::bit_cast<double>(slots[slot.c + r]);
    }
    addProduct(m, 8, k, a, b, c);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned r = 0; r < registers.c; ++r)
        warp.lane(lane).slots[slot.d + r] =
            std::bit_cast<uint64_t>(at(c, 8, placeInAccumulator(m, 1, lane, r, 0)));
  }

private:
  static double &at(double *matrix, unsigned columns, Place place) {
    return matrix[place.row * columns + place.column];
  }
};

/// Four products of 8 x 8 x 4 at a time, one for each pair of quads.
class QuadMma final : public MmaOperation {
public:
  using MmaOperation::MmaOperation;

  void multiply(Warp &warp) const override {
    for (unsigned quad = 0; quad < 4; ++quad) {
      float a[8 * 4], b[4 * 8], c[8 * 8];
      for (unsigned i = 0; i < 8; ++i) {
        unsigned lane = 4 * quad + i % 4 + i / 4 * 16;
        const uint64_t *slots = warp.lane(lane).slots;
        for (unsigned e = 0; e < 4; ++e) {
          at(a, 4, placeInQuadA(mma.aIsColumnMajor, lane, e)) = half(slots + slot.a, e);
          at(b, 8, placeInQuadB(mma.bIsColumnMajor, lane, e)) = half(slots + slot.b, e);
        }
        for (unsigned e = 0; e < 8; ++e)
          at(c, 8, placeInQuadAccumulator(mma.c == Format::F16, lane, e)) =
              mma.c == Format::F16 ? half(slots + slot.c, e)
                                   : std::bit_cast<float>(uint32_t(slots[slot.c + e]));
      }
      addProduct(8, 8, 4, a, b, c);
      for (unsigned i = 0; i < 8; ++i) {
        unsigned lane = 4 * quad + i % 4 + i / 4 * 16;
        uint64_t *results = warp.lane(lane).slots + slot.d;
        auto value = [&](unsigned e) {
          return at(c, 8, placeInQuadAccumulator(mma.d == Format::F16, lane, e));
        };
        if (mma.d == Format::F32)
          for (unsigned e = 0; e < 8; ++e)
            results[e] = std::bit_cast<uint32_t>(value(e));
        else
          for (unsigned r = 0; r < 4; ++r)
            results[r] = encode(value(2 * r), Format::F16) | encode(value(2 * r + 1), Format::F16)
                                                                 << 16;
      }
    }
  }

private:
  static float half(const uint64_t *slots, unsigned e) {
    return decode(uint32_t(slots[e / 2] >> 16 * (e % 2)) & 0xffff, Format::F16);
  }
  static float &at(float *matrix, unsigned columns, Place place) {
    return matrix[place.row * columns + place.column];
  }
};

} // namespace

std::unique_ptr<Operation> makeFloatMma(const MmaInstruction &mma) {
  return std::make_unique<FloatMma>(mma);
}

std::unique_ptr<Operation> makeDoubleMma(const MmaInstruction &mma) {
  return std::make_unique<DoubleMma>(mma);
}

std::unique_ptr<Operation> makeQuadMma(const MmaInstruction &mma) {
  auto isSum = [](Format format) { return format == Format::F16 || format == Format::F32; };
  if (mma.b != Format::F16 || !isSum(mma.c) || !isSum(mma.d) || mma.saturate ||
      (mma.c == Format::F32 && mma.d == Format::F16))
    return nullptr;
  return std::make_unique<QuadMma>(mma);
}

} // namespace dreamer::emulator

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/WarpRegisters.h"

#include "lib/Emulator/Machine/Machine.h"

#include <immintrin.h>

namespace dreamer::emulator {

LaneSlots::LaneSlots(Warp &warp) {
  for (unsigned i = 0; i < 32; ++i)
    of[i] = warp.lane(i).slots;
}

LaneSlots LaneSlots::operator+(unsigned operands) const {
  LaneSlots later;
  for (unsigned i = 0; i < 32; ++i)
    later.of[i] = of[i] + operands;
  return later;
}

/// The low words of four slots.
static __m128 fourWords(const uint64_t *slots) {
  const auto *at = reinterpret_cast<const float *>(slots);
  return _mm_shuffle_ps(_mm_loadu_ps(at), _mm_loadu_ps(at + 4), 0x88);
}

/// Four words into four slots.
static void storeFour(uint64_t *slots, __m128 words) {
  auto *at = reinterpret_cast<float *>(slots);
  _mm_storeu_ps(at, _mm_unpacklo_ps(words, _mm_setzero_ps()));
  _mm_storeu_ps(at + 4, _mm_unpackhi_ps(words, _mm_setzero_ps()));
}

static void storeWords(uint32_t *words, __m128 values) {
  _mm_storeu_ps(reinterpret_cast<float *>(words), values);
}

/// The common case: 16 rows, four registers. The four lanes of a row give four rows of words.
static void gatherFour(const LaneSlots &lanes, uint32_t *words) {
  for (unsigned row = 0; row < 8; ++row) {
    __m128 r0 = fourWords(lanes.of[4 * row]), r1 = fourWords(lanes.of[4 * row + 1]);
    __m128 r2 = fourWords(lanes.of[4 * row + 2]), r3 = fourWords(lanes.of[4 * row + 3]);
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    storeWords(words + 8 * row, r0);
    storeWords(words + 8 * (row + 8), r1);
    storeWords(words + 8 * row + 4, r2);
    storeWords(words + 8 * (row + 8) + 4, r3);
  }
}

/// Eight rows, two registers.
static void gatherTwo(const LaneSlots &lanes, uint32_t *words) {
  auto load = [&](unsigned lane) {
    return _mm_loadu_ps(reinterpret_cast<const float *>(lanes.of[lane]));
  };
  for (unsigned row = 0; row < 8; ++row) {
    __m128 left = _mm_shuffle_ps(load(4 * row), load(4 * row + 1), 0x88);
    __m128 right = _mm_shuffle_ps(load(4 * row + 2), load(4 * row + 3), 0x88);
    storeWords(words + 8 * row, _mm_shuffle_ps(left, right, 0x88));
    storeWords(words + 8 * row + 4, _mm_shuffle_ps(left, right, 0xdd));
  }
}

void gatherWords(const LaneSlots &lanes, unsigned rows, unsigned registers, uint32_t *words) {
  if (rows == 16 && registers == 4)
    return gatherFour(lanes, words);
  if (rows == 8 && registers == 2)
    return gatherTwo(lanes, words);
  unsigned blocks = rows / 8, perRow = 4 * registers / blocks;
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned r = 0; r < registers; ++r)
      words[(lane / 4 + 8 * (r % blocks)) * perRow + lane % 4 + 4 * (r / blocks)] =
          uint32_t(lanes.of[lane][r]);
}

void scatterWords(const LaneSlots &lanes, unsigned rows, unsigned registers,
                  const uint32_t *words) {
  unsigned blocks = rows / 8, perRow = 4 * registers / blocks;
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned r = 0; r < registers; ++r)
      lanes.of[lane][r] =
          words[(lane / 4 + 8 * (r % blocks)) * perRow + lane % 4 + 4 * (r / blocks)];
}

void gatherAccumulator(const LaneSlots &lanes, unsigned rows, unsigned columns, uint32_t *words) {
  for (unsigned lane = 0; lane < 32; ++lane) {
    const uint64_t *slots = lanes.of[lane];
    uint32_t *at = words + lane / 4 * columns + lane % 4 * 2;
    if (rows == 8) {
      at[0] = uint32_t(slots[0]);
      at[1] = uint32_t(slots[1]);
      continue;
    }
    for (unsigned column = 0; column < columns; column += 8, slots += 4) {
      __m128 four = fourWords(slots);
      _mm_storel_pi(reinterpret_cast<__m64 *>(at + column), four);
      _mm_storeh_pi(reinterpret_cast<__m64 *>(at + column + 8 * columns), four);
    }
  }
}

void scatterAccumulator(const LaneSlots &lanes, unsigned rows, unsigned columns,
                        const uint32_t *words) {
  for (unsigned lane = 0; lane < 32; ++lane) {
    uint64_t *slots = lanes.of[lane];
    const uint32_t *at = words + lane / 4 * columns + lane % 4 * 2;
    if (rows == 8) {
      slots[0] = at[0];
      slots[1] = at[1];
      continue;
    }
    for (unsigned column = 0; column < columns; column += 8, slots += 4) {
      __m128 four = _mm_loadl_pi(_mm_setzero_ps(), reinterpret_cast<const __m64 *>(at + column));
      four = _mm_loadh_pi(four, reinterpret_cast<const __m64 *>(at + column + 8 * columns));
      storeFour(slots, four);
    }
  }
}

} // namespace dreamer::emulator

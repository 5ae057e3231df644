// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Products.h"

#include <cmath>
#include <immintrin.h>

namespace dreamer::emulator {

/// `vectors` times eight columns of some rows, in registers over all of k: eight sums at a time, as
/// that many are under way at once.
template <unsigned rows, unsigned vectors>
static void addBlock(unsigned columns, unsigned depth, const float *a, const float *b, float *c) {
  __m256 sums[rows][vectors];
  for (unsigned m = 0; m < rows; ++m)
    for (unsigned v = 0; v < vectors; ++v)
      sums[m][v] = _mm256_loadu_ps(c + m * columns + 8 * v);
  for (unsigned k = 0; k < depth; ++k)
    for (unsigned m = 0; m < rows; ++m) {
      __m256 left = _mm256_broadcast_ss(a + m * depth + k);
      for (unsigned v = 0; v < vectors; ++v)
        sums[m][v] = _mm256_fmadd_ps(left, _mm256_loadu_ps(b + k * columns + 8 * v), sums[m][v]);
    }
  for (unsigned m = 0; m < rows; ++m)
    for (unsigned v = 0; v < vectors; ++v)
      _mm256_storeu_ps(c + m * columns + 8 * v, sums[m][v]);
}

void addProduct(unsigned rows, unsigned columns, unsigned depth, const float *a, const float *b,
                float *c) {
  for (unsigned m = 0; m < rows; m += 8) {
    const float *left = a + m * depth;
    float *sums = c + m * columns;
    unsigned n = 0;
    for (; n + 16 <= columns; n += 16) {
      addBlock<4, 2>(columns, depth, left, b + n, sums + n);
      addBlock<4, 2>(columns, depth, left + 4 * depth, b + n, sums + 4 * columns + n);
    }
    if (n < columns)
      addBlock<8, 1>(columns, depth, left, b + n, sums + n);
  }
}

void addProduct(unsigned rows, unsigned columns, unsigned depth, const int16_t *a, const int16_t *b,
                int32_t *c) {
  const auto *left = reinterpret_cast<const int32_t *>(a); // two elements each
  for (unsigned m = 0; m < rows; ++m)
    for (unsigned n = 0; n < columns; n += 8) {
      auto *at = reinterpret_cast<__m256i *>(c + m * columns + n);
      __m256i sum = _mm256_loadu_si256(at);
      for (unsigned pair = 0; pair < depth / 2; ++pair) {
        __m256i both = _mm256_set1_epi32(left[m * depth / 2 + pair]);
        __m256i right =
            _mm256_loadu_si256(reinterpret_cast<const __m256i *>(b + (pair * columns + n) * 2));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(both, right));
      }
      _mm256_storeu_si256(at, sum);
    }
}

void addProduct(unsigned rows, unsigned columns, unsigned depth, const double *a, const double *b,
                double *c) {
  for (unsigned m = 0; m < rows; ++m)
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned n = 0; n < columns; ++n)
        c[m * columns + n] = std::fma(a[m * depth + k], b[k * columns + n], c[m * columns + n]);
}

static void transposeBlock(const float *from, unsigned fromRow, float *to, unsigned toRow) {
  __m256 row[8], two[8], four[8];
  for (unsigned i = 0; i < 8; ++i)
    row[i] = _mm256_loadu_ps(from + i * fromRow);
  for (unsigned i = 0; i < 8; i += 2) {
    two[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
    two[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
  }
  for (unsigned i = 0; i < 8; i += 4)
    for (unsigned k = 0; k < 2; ++k) {
      four[i + 2 * k] = _mm256_shuffle_ps(two[i + k], two[i + k + 2], 0x44);
      four[i + 2 * k + 1] = _mm256_shuffle_ps(two[i + k], two[i + k + 2], 0xee);
    }
  for (unsigned i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * toRow, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * toRow, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
  }
}

void transpose(unsigned rows, unsigned columns, const uint32_t *from, uint32_t *to) {
  const auto *source = reinterpret_cast<const float *>(from); // moved, not computed with
  auto *target = reinterpret_cast<float *>(to);
  for (unsigned row = 0; row < rows; row += 8) {
    unsigned column = 0;
    for (; column + 8 <= columns; column += 8)
      transposeBlock(source + row * columns + column, columns, target + column * rows + row, rows);
    for (; column < columns; ++column)
      for (unsigned i = row; i < row + 8; ++i)
        to[column * rows + i] = from[i * columns + column];
  }
}

} // namespace dreamer::emulator

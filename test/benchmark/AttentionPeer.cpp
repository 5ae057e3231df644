// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/AttentionPeer.h"
#include <algorithm>
#include <cblas.h>
#include <cmath>
#include <cstring>
#include <vector>

namespace dreamer::benchmarking {

static constexpr int64_t blockRows = 64;

namespace {

/// One head of one sequence: pointers to position 0 and strides from one to the next.
struct Head {
  const AttentionShape &shape;
  int64_t queryOffset, keyOffset, lseOffset;
  int queryStride, keyStride;
  float scale;

  Head(const AttentionShape &shape, int64_t sequence, int64_t head)
      : shape(shape),
        queryOffset((sequence * shape.positions * shape.heads + head) * shape.headDim),
        keyOffset(
            (sequence * shape.positions * shape.kvHeads + head / (shape.heads / shape.kvHeads)) *
            shape.headDim),
        lseOffset((sequence * shape.heads + head) * shape.positions),
        queryStride(static_cast<int>(shape.heads * shape.headDim)),
        keyStride(static_cast<int>(shape.kvHeads * shape.headDim)),
        scale(1 / std::sqrt(static_cast<float>(shape.headDim))) {}

  int dim() const { return static_cast<int>(shape.headDim); }
};

} // namespace

/// c[m, n] = alpha a b + beta c.
static void product(bool aTransposed, bool bTransposed, int m, int n, int k, float alpha,
                    const float *a, int aStride, const float *b, int bStride, float beta, float *c,
                    int cStride) {
  cblas_sgemm(CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans,
              bTransposed ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, aStride, b, bStride, beta,
              c, cStride);
}

static void forwardHead(const Head &h, const float *q, const float *k, const float *v,
                        float *result, float *lse) {
  std::vector<float> scores(static_cast<size_t>(blockRows * h.shape.positions));
  for (int64_t first = 0; first < h.shape.positions; first += blockRows) {
    int rows = static_cast<int>(std::min(blockRows, h.shape.positions - first));
    int columns = static_cast<int>(first) + rows;
    int64_t at = h.queryOffset + first * h.queryStride;
    product(false, true, rows, columns, h.dim(), h.scale, q + at, h.queryStride, k + h.keyOffset,
            h.keyStride, 0, scores.data(), columns);
    for (int i = 0; i < rows; ++i) {
      float *row = scores.data() + static_cast<int64_t>(i) * columns;
      int valid = static_cast<int>(first) + i + 1;
      float highest = row[0], sum = 0;
      for (int j = 1; j < valid; ++j)
        highest = std::max(highest, row[j]);
      for (int j = 0; j < valid; ++j) {
        row[j] = std::exp(row[j] - highest);
        sum += row[j];
      }
      for (int j = 0; j < valid; ++j)
        row[j] /= sum;
      std::fill(row + valid, row + columns, 0.0f);
      lse[h.lseOffset + first + i] = highest + std::log(sum);
    }
    product(false, false, rows, h.dim(), columns, 1, scores.data(), columns, v + h.keyOffset,
            h.keyStride, 0, result + at, h.queryStride);
  }
}

void blasAttention(const AttentionShape &shape, int threads, const float *q, const float *k,
                   const float *v, float *result, float *lse) {
#pragma omp parallel for num_threads(threads)
  for (int64_t i = 0; i < shape.batch * shape.heads; ++i)
    forwardHead(Head(shape, i / shape.heads, i % shape.heads), q, k, v, result, lse);
}

static void backwardHead(const Head &h, const float *q, const float *k, const float *v,
                         const float *result, const float *lse, const float *dResult, float *dQ,
                         float *dK, float *dV) {
  auto size = static_cast<size_t>(blockRows * h.shape.positions);
  std::vector<float> weights(size), dScores(size);
  for (int64_t first = 0; first < h.shape.positions; first += blockRows) {
    int rows = static_cast<int>(std::min(blockRows, h.shape.positions - first));
    int columns = static_cast<int>(first) + rows;
    int64_t at = h.queryOffset + first * h.queryStride;
    product(false, true, rows, columns, h.dim(), h.scale, q + at, h.queryStride, k + h.keyOffset,
            h.keyStride, 0, weights.data(), columns);
    product(false, true, rows, columns, h.dim(), 1, dResult + at, h.queryStride, v + h.keyOffset,
            h.keyStride, 0, dScores.data(), columns);
    for (int i = 0; i < rows; ++i) {
      float *p = weights.data() + static_cast<int64_t>(i) * columns;
      float *d = dScores.data() + static_cast<int64_t>(i) * columns;
      const float *out = result + at + static_cast<int64_t>(i) * h.queryStride;
      const float *dOut = dResult + at + static_cast<int64_t>(i) * h.queryStride;
      int valid = static_cast<int>(first) + i + 1;
      float delta = 0, log = lse[h.lseOffset + first + i];
      for (int j = 0; j < h.dim(); ++j)
        delta += out[j] * dOut[j];
      for (int j = 0; j < valid; ++j) {
        p[j] = std::exp(p[j] - log);
        d[j] = p[j] * (d[j] - delta) * h.scale;
      }
      std::fill(p + valid, p + columns, 0.0f);
      std::fill(d + valid, d + columns, 0.0f);
    }
    product(false, false, rows, h.dim(), columns, 1, dScores.data(), columns, k + h.keyOffset,
            h.keyStride, 0, dQ + at, h.queryStride);
    product(true, false, columns, h.dim(), rows, 1, dScores.data(), columns, q + at, h.queryStride,
            1, dK + h.keyOffset, h.keyStride);
    product(true, false, columns, h.dim(), rows, 1, weights.data(), columns, dResult + at,
            h.queryStride, 1, dV + h.keyOffset, h.keyStride);
  }
}

void blasAttentionGrad(const AttentionShape &shape, int threads, const float *q, const float *k,
                       const float *v, const float *result, const float *lse, const float *dResult,
                       float *dQ, float *dK, float *dV) {
  auto bytes = static_cast<size_t>(shape.batch * shape.positions * shape.kvHeads * shape.headDim) *
               sizeof(float);
  std::memset(dK, 0, bytes);
  std::memset(dV, 0, bytes);
  int64_t group = shape.heads / shape.kvHeads;
#pragma omp parallel for num_threads(threads)
  for (int64_t i = 0; i < shape.batch * shape.kvHeads; ++i)
    for (int64_t j = 0; j < group; ++j) // they add to the same keys and values
      backwardHead(Head(shape, i / shape.kvHeads, i % shape.kvHeads * group + j), q, k, v, result,
                   lse, dResult, dQ, dK, dV);
}

} // namespace dreamer::benchmarking

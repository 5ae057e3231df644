// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Causal attention as one writes it on top of a BLAS: a block of rows at a time, so that the upper
// triangle is skipped and scores stay in cache, with a vectorised softmax between the products.

#ifndef DREAMER_TEST_BENCHMARK_ATTENTIONPEER_H
#define DREAMER_TEST_BENCHMARK_ATTENTIONPEER_H

#include <cstdint>

namespace dreamer::benchmarking {

struct AttentionShape {
  int64_t batch, positions, heads, kvHeads, headDim;

  double pairs() const { ///< of a query and a key it may see
    return static_cast<double>(batch * heads * positions * (positions + 1)) / 2;
  }
};

/// q, result [batch, positions, heads * headDim]; k, v with kvHeads; lse [batch, heads, positions].
void blasAttention(const AttentionShape &shape, int threads, const float *q, const float *k,
                   const float *v, float *result, float *lse);

/// The adjoints of q, k and v.
void blasAttentionGrad(const AttentionShape &shape, int threads, const float *q, const float *k,
                       const float *v, const float *result, const float *lse, const float *dResult,
                       float *dQ, float *dK, float *dV);

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_ATTENTIONPEER_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The same products by OpenBLAS and by oneDNN.

#ifndef DREAMER_TEST_BENCHMARK_PEERS_H
#define DREAMER_TEST_BENCHMARK_PEERS_H

#include "test/benchmark/Products.h"
#include <functional>
#include <optional>

namespace dreamer::benchmarking {

/// Lets both libraries use this many threads.
void setPeerThreads(int threads);

/// c = the product of a and b as `product` says, by OpenBLAS. Pointers must stay valid.
std::function<void()> openBlasProduct(const Product &product, const float *a, const float *b,
                                      float *c);

/// The same by oneDNN, in f32 or (`narrow`) with a and b rounded to bf16 before; none if it cannot on
/// this machine. `packed`: b is brought into the layout that oneDNN prefers here, once and outside
/// of the returned function.
std::optional<std::function<void()>> oneDnnProduct(const Product &product, bool narrow, bool packed,
                                                   const float *a, const float *b, float *c);

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_PEERS_H

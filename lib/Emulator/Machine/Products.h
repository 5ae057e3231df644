// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The products that tensor cores compute, on matrices that were gathered into plain arrays.

#ifndef DREAMER_EMULATOR_MACHINE_PRODUCTS_H
#define DREAMER_EMULATOR_MACHINE_PRODUCTS_H

#include <cstddef>
#include <cstdint>

namespace dreamer::emulator {

/// C += A B for row-major matrices; rows and columns are multiples of eight. Each element of
/// C is rounded to f32 after each product, k ascending, the products themselves exact: for all of
/// the tensor cores' formats that is c = fma(a, b, c). Hardware adds in an order and with roundings
/// that nobody has published, so results of a GPU may differ in the last bits; not yet checked on
/// hardware.
void addProduct(unsigned rows, unsigned columns, unsigned depth, const float *a, const float *b,
                float *c);

/// The same for integers, where B holds the elements of k and k + 1 side by side: row k / 2 of it is
/// b(k, 0), b(k + 1, 0), b(k, 1), ... Overflow of C wraps.
void addProduct(unsigned rows, unsigned columns, unsigned depth, const int16_t *a, const int16_t *b,
                int32_t *c);

/// C(m, n) = A(m, k) B(k, n) + C(m, n) in f64, as above.
void addProduct(unsigned rows, unsigned columns, unsigned depth, const double *a, const double *b,
                double *c);

/// The transpose of a row-major matrix of words, whose rows are a multiple of eight.
void transpose(unsigned rows, unsigned columns, const uint32_t *from, uint32_t *to);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_PRODUCTS_H

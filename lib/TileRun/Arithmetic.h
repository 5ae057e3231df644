// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of arith and math on numbers, rounded as their types say.

#ifndef DREAMER_LIB_TILERUN_ARITHMETIC_H
#define DREAMER_LIB_TILERUN_ARITHMETIC_H

#include "lib/TileRun/Values.h"
#include <functional>

namespace dreamer::tilerun {

/// Computes the one result of an operation. Fails, after an error, where it has none (x / 0).
using Arithmetic =
    std::function<llvm::FailureOr<Scalar>(mlir::Operation *, llvm::ArrayRef<Scalar>)>;

/// What computes operations of the kind of `op`; null where it is not arithmetic.
const Arithmetic *findArithmetic(mlir::Operation *op);

/// `value` rounded to f64, f32, f16, bf16 or any other float type, to nearest even.
double roundTo(mlir::Type type, double value);

/// `value` as an integer of this type holds it.
int64_t wrapTo(mlir::Type type, int64_t value);

/// `a` and `b`, of the type `type`, combined. A maximum or minimum with a NaN is a NaN.
Scalar combine(tile::Combine kind, mlir::Type type, Scalar a, Scalar b);

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_ARITHMETIC_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Dreamer dialect and the names of the attributes that it gives to functions.

#ifndef DREAMER_DIALECTS_DREAMER_DREAMERDIALECT_H
#define DREAMER_DIALECTS_DREAMER_DREAMERDIALECT_H

#include "mlir/IR/Dialect.h"
#include "llvm/ADT/StringRef.h"

#include "dialects/Dreamer/DreamerDialect.h.inc"

namespace dreamer {

/// The attributes that name a function's arguments and results.
namespace attribute {
/// What the value is called everywhere outside the IR: "core.norm1.weight".
inline constexpr llvm::StringLiteral name = "dreamer.name";
/// What an argument is: one of the roles below.
inline constexpr llvm::StringLiteral role = "dreamer.role";
/// How a parameter starts: {std = f64} (normal) or {fill = f64}.
inline constexpr llvm::StringLiteral init = "dreamer.init";
/// The i32 value that fills an optional input that the caller leaves out.
inline constexpr llvm::StringLiteral defaultValue = "dreamer.default";
/// On a result: the name of the argument whose new value it is.
inline constexpr llvm::StringLiteral updates = "dreamer.updates";
/// On the module: the model's name, its description, its training values.
inline constexpr llvm::StringLiteral model = "dreamer.model";
inline constexpr llvm::StringLiteral description = "dreamer.description";
inline constexpr llvm::StringLiteral training = "dreamer.training";
/// On a forward operation in a loop: the reverse pass computes it again, whatever else is kept.
inline constexpr llvm::StringLiteral recompute = "dreamer.recompute";
/// On a loop over the steps of a window: the loop around it runs over windows, and step i of window w
/// is step w * bound + i of what was one loop.
inline constexpr llvm::StringLiteral window = "dreamer.window";
/// On an operation that can write bf16: the numbers of the results that it does (NarrowResultsOpInterface).
inline constexpr llvm::StringLiteral narrow = "dreamer.narrow";
/// On the module: what passes decided of memory and why, an array of dictionaries; for reports.
inline constexpr llvm::StringLiteral plan = "dreamer.plan";
} // namespace attribute

/// The values of `dreamer.role`.
namespace role {
inline constexpr llvm::StringLiteral parameter = "parameter"; ///< trained
inline constexpr llvm::StringLiteral balance = "balance";     ///< an expert bias: no gradient
inline constexpr llvm::StringLiteral moment1 = "moment1";     ///< AdamW's mean of gradients
inline constexpr llvm::StringLiteral moment2 = "moment2";     ///< AdamW's mean of squares
inline constexpr llvm::StringLiteral cache = "cache";         ///< keys or values of decoding
inline constexpr llvm::StringLiteral input = "input";         ///< given at every call
inline constexpr llvm::StringLiteral option = "option";       ///< has a default
} // namespace role

} // namespace dreamer

#endif // DREAMER_DIALECTS_DREAMER_DREAMERDIALECT_H

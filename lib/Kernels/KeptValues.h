// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an entry makes of parameters alone, such as packed or narrowed weights, is kept from call to
// call.

#ifndef DREAMER_LIB_KERNELS_KEPTVALUES_H
#define DREAMER_LIB_KERNELS_KEPTVALUES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>
#include <string>

namespace dreamer {

/// Whether an entry keeps anything: not where it changes parameters or differentiates by them, since
/// they would be others at the next call.
bool keepsValues(mlir::func::FuncOp entry);

/// What `value` is made of and how, in the same words for every entry, where it follows from
/// parameters alone and its entry keeps such things; none elsewhere. It costs nothing in the long run
/// to bring it into another form.
std::optional<std::string> keptFormOf(mlir::Value value);

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_KEPTVALUES_H

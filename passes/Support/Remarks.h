// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Optimization remarks: what was done, what was not, and why. They cost nothing unless asked for.

#ifndef DREAMER_PASSES_SUPPORT_REMARKS_H
#define DREAMER_PASSES_SUPPORT_REMARKS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Remarks.h"

namespace dreamer {

/// Where a remark of pass `pass` about `op` belongs.
mlir::remark::RemarkOpts remarkOptions(mlir::Operation *op, llvm::StringRef pass,
                                       llvm::StringRef category);

/// A remark of category `fuse` that pass `pass` changed `op`, or refused to. Add a `remark::reason`.
mlir::remark::detail::InFlightRemark remarkMade(mlir::Operation *op, llvm::StringRef pass);
mlir::remark::detail::InFlightRemark remarkRefused(mlir::Operation *op, llvm::StringRef pass);

} // namespace dreamer

#endif // DREAMER_PASSES_SUPPORT_REMARKS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of the Dreamer dialect's operations.

#ifndef DREAMER_LIB_KERNELS_KERNELS_H
#define DREAMER_LIB_KERNELS_KERNELS_H

#include "mlir/IR/DialectRegistry.h"

namespace dreamer {

/// Gives the operations of the dialect their kernels (external models of KernelOpInterface), and
/// registers the dialects that kernel bodies use.
void registerKernelModels(mlir::DialectRegistry &registry);

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_KERNELS_H

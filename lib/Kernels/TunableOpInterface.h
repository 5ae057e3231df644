// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernels of an operation leave open.

#ifndef DREAMER_LIB_KERNELS_TUNABLEOPINTERFACE_H
#define DREAMER_LIB_KERNELS_TUNABLEOPINTERFACE_H

#include "lib/Kernels/KernelParameters.h"
#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/OpDefinition.h"

#include "lib/Kernels/TunableOpInterface.h.inc"

namespace dreamer {

/// What is chosen for the kernels of `op` on `target`; an error at the operation if that cannot be.
mlir::FailureOr<KernelChoice> checkChoice(mlir::Operation *op, const KernelTarget &target);

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_TUNABLEOPINTERFACE_H

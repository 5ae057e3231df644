// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of the Dreamer dialect.

#ifndef DREAMER_DIALECTS_DREAMER_DREAMEROPS_H
#define DREAMER_DIALECTS_DREAMER_DREAMEROPS_H

#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Dreamer/DreamerInterfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace dreamer {
class YieldOp;
} // namespace dreamer

#define GET_OP_CLASSES
#include "dialects/Dreamer/DreamerOps.h.inc"

#endif // DREAMER_DIALECTS_DREAMER_DREAMEROPS_H

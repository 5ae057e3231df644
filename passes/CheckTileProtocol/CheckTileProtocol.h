// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The protocol of tile programs; see CheckTileProtocol.td.

#ifndef DREAMER_PASSES_CHECKTILEPROTOCOL_CHECKTILEPROTOCOL_H
#define DREAMER_PASSES_CHECKTILEPROTOCOL_CHECKTILEPROTOCOL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/CheckTileProtocol/CheckTileProtocol.h.inc"

/// What the pass does to one function. Fails after the first error.
llvm::LogicalResult checkTileProtocol(mlir::func::FuncOp function, int64_t budget = 30000);

} // namespace dreamer

#endif // DREAMER_PASSES_CHECKTILEPROTOCOL_CHECKTILEPROTOCOL_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One operation of a program as a program of its own.

#ifndef DREAMER_LIB_TUNER_ISOLATE_H
#define DREAMER_LIB_TUNER_ISOLATE_H

#include "lib/Kernels/TunableOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dreamer::tuning {

struct Isolated {
  mlir::OwningOpRef<mlir::ModuleOp> program; ///< one function, `kernel`
  TunableOpInterface op;                     ///< in it
  /// Of the function's arguments in0, in1, ...: what ids are below; 0 for other than integers.
  llvm::SmallVector<int64_t> idBounds;
};

/// The operation as it stands: if it is in a loop, in a loop of one step, to which operands come from
/// outside as they do there, so that what is made of them once is made before the loop. None
/// if its operands are not all tensors.
std::optional<Isolated> isolate(TunableOpInterface op);

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNER_ISOLATE_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From descriptions to the model phase.

#ifndef DREAMER_LIB_MODELDESCRIPTION_BUILD_H
#define DREAMER_LIB_MODELDESCRIPTION_BUILD_H

#include "lib/ModelDescription/Description.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dreamer {

/// What a package is compiled for beyond what the description says.
struct BuildOptions {
  int64_t batch = 1;
  int64_t context = 0; ///< positions; 0: as the description says
  /// Steps of `recur` blocks by name, where they differ from the description.
  std::vector<std::pair<std::string, int64_t>> depths = {};
};

/// Builds a module with one function, the forward pass of B = batch, T = context:
///
///   @forward(tokens i32 [B, T], <parameters and balance biases in file order>,
///            "<block>.depth" i32 [] for each block,
///            "<block>.expert_ids" i32 [D, B, T, k] for each routed layer)
///       -> (logits f32 [B, T, V], "<block>.expert_ids" i32 [D, B, T, k] ...)
///
/// Ids of a layer in a group are "<block>.<j>.expert_ids" [D, B, T, k], those of an
/// untied layer "<block>.<i>.expert_ids" [1, B, T, k], as their parameters are named.
/// Null after an error (options that do not fit, sizes that overflow).
mlir::OwningOpRef<mlir::ModuleOp> buildModel(mlir::MLIRContext *context,
                                             const Description &description,
                                             const BuildOptions &options = {});

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_BUILD_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loss of a model and its gradients.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_LOSS_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_LOSS_H

#include "passes/BuildEntryPoints/EntryBuilder.h"
#include "passes/Differentiate/Differentiate.h"

namespace dreamer {

/// Copies the forward pass and puts the loss behind it.
mlir::FailureOr<CrossEntropyOp> buildLoss(EntryBuilder &entry, Model &model, mlir::Value targets);

/// The gradients of the model's trained parameters, in their order. Loops of the forward pass
/// are rebuilt: values of the entry are to be taken from its results afterwards.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
buildGradientsOf(mlir::Value loss, EntryBuilder &entry, Model &model, Recompute recompute);

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_LOSS_H

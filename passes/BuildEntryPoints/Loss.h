// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loss of a model and its gradients.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_LOSS_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_LOSS_H

#include "passes/BuildEntryPoints/Entries.h"

namespace dreamer {

/// The loss of the model's logits: its mean over all `count` targets f32 [].
mlir::FailureOr<CrossEntropyOp> buildLoss(mlir::OpBuilder &builder, Model &model,
                                          mlir::Value logits, mlir::Value targets,
                                          mlir::Value count);

/// Copies the forward pass into an entry that has all its arguments, and adds the loss of its
/// logits as the result `loss`.
mlir::FailureOr<CrossEntropyOp> copyBodyWithLoss(EntryBuilder &entry, Model &model,
                                                 mlir::Value targets);

/// How many targets there are, f32 [].
mlir::Value buildCount(mlir::OpBuilder &builder, mlir::Value targets);

/// Adds results `loss` and the chosen experts' ids to an entry that has all its arguments, and
/// returns the gradients of the model's trained parameters, in their order. Loops may be
/// rebuilt later: values of the entry are to be taken from its results.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
buildLossAndGradients(EntryBuilder &entry, Model &model, mlir::Value targets,
                      const GradientOptions &options);

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_LOSS_H

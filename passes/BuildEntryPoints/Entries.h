// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function for each entry point. Each emits an error, and fails, if the model cannot
// be given that entry point.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_ENTRIES_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_ENTRIES_H

#include "passes/BuildEntryPoints/EntryBuilder.h"
#include "passes/Differentiate/Differentiate.h"

namespace dreamer {

struct GradientOptions {
  Recompute recompute = Recompute::None;
  int64_t microBatches = 1; ///< parts of the batch that run one after the other
};

mlir::LogicalResult buildScore(Model &model);
mlir::LogicalResult buildGradients(Model &model, const GradientOptions &options);
mlir::LogicalResult buildTrainStep(Model &model, const GradientOptions &options);
/// `element`: f32 or bf16, of the caches.
mlir::LogicalResult buildPrefill(Model &model, mlir::Type element);
mlir::LogicalResult buildDecode(Model &model, mlir::Type element);

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_ENTRIES_H

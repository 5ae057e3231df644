// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What decoding keeps of earlier positions.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_CACHES_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_CACHES_H

#include "passes/BuildEntryPoints/EntryBuilder.h"

namespace dreamer {

/// The cache of one operand of an operation that mixes positions.
struct Cache {
  std::string name;            ///< "core.cache.k"
  mlir::Value forward;         ///< the operand in @forward, f32 [B, T, F]
  RecurOp loop;                ///< the loop around it, null if there is none
  mlir::RankedTensorType type; ///< [D, B, T, F] with the loop's bound (or 1) D
};

/// The caches of a model in order of its operations, of elements of type `element`.
mlir::FailureOr<std::vector<Cache>> findCaches(Model &model, mlir::Type element);

/// `value` as it is cached, cast where it is defined if its elements are others.
mlir::Value asCached(mlir::OpBuilder &builder, mlir::Value value, const Cache &cache);

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_CACHES_H

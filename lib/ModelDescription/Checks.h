// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the keys of a description have to agree on with each other. Ranges of single
// values are in Schema.h and are checked where they are read.

#ifndef DREAMER_LIB_MODELDESCRIPTION_CHECKS_H
#define DREAMER_LIB_MODELDESCRIPTION_CHECKS_H

#include "lib/ModelDescription/Description.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace dreamer {

/// Where a key stands, e.g. "kv_heads" in what is checked or "stack.0.recur.name" in
/// a description; the nearest mapping around it if it is not written there.
using Locate = llvm::function_ref<mlir::Location(llvm::StringRef path)>;

/// Each emits an error for everything impossible, a warning for what is likely a mistake.
mlir::LogicalResult check(const SequenceAttention &attention, Locate locate);
mlir::LogicalResult check(const DepthAttention &attention, Locate locate);
mlir::LogicalResult check(const ExpertAttention &attention, Locate locate);
mlir::LogicalResult check(const FeedForward &feedForward, Locate locate);
mlir::LogicalResult check(const Layer &layer, Locate locate);
mlir::LogicalResult check(const Block &block, Locate locate);
mlir::LogicalResult check(const Init &init, Locate locate);
mlir::LogicalResult check(const Training &training, Locate locate);

/// Names, and sizes that only the whole model has. Expects parts that are checked.
mlir::LogicalResult check(const Description &description, Locate locate);

/// Whether `name` can name a block: a letter, then letters, digits, `_` and `-`, no more than 64.
bool isBlockName(llvm::StringRef name);

/// Whether `name` can name a model: letters, digits, `.`, `_` and `-`, no more than 64.
bool isModelName(llvm::StringRef name);

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_CHECKS_H

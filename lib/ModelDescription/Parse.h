// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads model descriptions.

#ifndef DREAMER_LIB_MODELDESCRIPTION_PARSE_H
#define DREAMER_LIB_MODELDESCRIPTION_PARSE_H

#include "lib/ModelDescription/Description.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace llvm {
class raw_ostream;
}

namespace dreamer {

/// The name under which locations mention override number i, as line i (from 1).
inline constexpr llvm::StringLiteral overridesFileName = "--set";

/// Reads a description from YAML text and checks it. `overrides` are `path=value`, each
/// applied in turn before anything is checked: a path leads from the top
/// (`training.learning_rate`, `stack.0.recur.depth`) or from a block's name
/// (`core.depth`, `pair.group.1.feed_forward.hidden`), the value is YAML
/// (`core.depth_attention={heads: 2, kv_heads: 1, head_dim: 8}`), and an empty value or
/// `null` removes the key.
///
/// Everything wrong is emitted as an error at its file, line and column (or, for an
/// override, at `--set`, its number and column), as much of it in one run as can be told.
mlir::FailureOr<Description> parseDescription(llvm::StringRef text, llvm::StringRef file,
                                              mlir::MLIRContext *context,
                                              llvm::ArrayRef<std::string> overrides = {});

/// Writes a description as YAML with every key, in the order of the documentation.
/// Reading it gives the same description.
void printDescription(const Description &description, llvm::raw_ostream &os);
std::string printDescription(const Description &description);

/// Writes every key with its range, default and meaning as Markdown tables.
void printKeyReference(llvm::raw_ostream &os);

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_PARSE_H

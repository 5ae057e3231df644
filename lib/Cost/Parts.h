// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of a model that costs are told for: "core.sequence_attention", "output".

#ifndef DREAMER_LIB_COST_PARTS_H
#define DREAMER_LIB_COST_PARTS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace dreamer {

/// The part that an operation says in its location, "other" where it says none.
llvm::StringRef partOf(mlir::Operation *op);

/// The part that a parameter belongs to, by its name: the part among those `isPart`
/// knows that its name starts with, the index of an untied layer left out; else the name
/// without its last word.
std::string partOfParameter(llvm::StringRef name, llvm::function_ref<bool(llvm::StringRef)> isPart);

/// The block of a part: "core" of "core.sequence_attention".
inline llvm::StringRef blockOf(llvm::StringRef part) { return part.split('.').first; }

} // namespace dreamer

#endif // DREAMER_LIB_COST_PARTS_H

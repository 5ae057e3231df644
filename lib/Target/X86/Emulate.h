// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions that this machine lacks, by others: so that kernels that use them can be tested anywhere.

#ifndef DREAMER_LIB_TARGET_X86_EMULATE_H
#define DREAMER_LIB_TARGET_X86_EMULATE_H

#include "llvm/Support/Error.h"

namespace llvm {
class Module;
} // namespace llvm

namespace dreamer {

/// Replaces the instructions of AVX512-BF16 and AMX that kernels use by functions of plain vector
/// code, added to the module, which compute what Intel's manual says. Before optimisation. Tiles
/// live in memory.
llvm::Error emulateNarrowProducts(llvm::Module &module);

} // namespace dreamer

#endif // DREAMER_LIB_TARGET_X86_EMULATE_H

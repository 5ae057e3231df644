// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Safetensors files as the reference interpreter's values.

#ifndef DREAMER_LIB_REFERENCE_FILES_H
#define DREAMER_LIB_REFERENCE_FILES_H

#include "lib/Reference/Tensor.h"
#include "llvm/Support/Error.h"

namespace dreamer::reference {

/// Reads every tensor of a safetensors file: float types as f64, integer types as i32.
llvm::Expected<Bundle> readTensors(llvm::StringRef path);

/// Writes f64 and i32 tensors; an index becomes an i32 scalar.
llvm::Error writeTensors(const Bundle &bundle, llvm::StringRef path);

} // namespace dreamer::reference

#endif // DREAMER_LIB_REFERENCE_FILES_H

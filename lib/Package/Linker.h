// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_LIB_PACKAGE_LINKER_H
#define DREAMER_LIB_PACKAGE_LINKER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace dreamer {

/// Links object files to a shared object at `output`, with LLVM's linker.
llvm::Error linkShared(llvm::ArrayRef<llvm::StringRef> objects, llvm::StringRef output);

} // namespace dreamer

#endif // DREAMER_LIB_PACKAGE_LINKER_H

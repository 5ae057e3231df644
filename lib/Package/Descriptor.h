// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of a package that is not code: header, manifest, model, table of entries.

#ifndef DREAMER_LIB_PACKAGE_DESCRIPTOR_H
#define DREAMER_LIB_PACKAGE_DESCRIPTOR_H

#include "lib/Package/Package.h"

namespace dreamer {

/// An object file with the three sections and the symbol `dreamer_package`. File size and checksum in
/// the header are zero.
llvm::Expected<ObjectCode> buildDescriptor(const PackageContents &contents,
                                           llvm::StringRef manifest);

} // namespace dreamer

#endif // DREAMER_LIB_PACKAGE_DESCRIPTOR_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kernels know of the machine they are built for.

#ifndef DREAMER_LIB_KERNELS_KERNELTARGET_H
#define DREAMER_LIB_KERNELS_KERNELTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include <cstdint>
#include <string>

namespace dreamer {

/// One x86-64 variant of a package.
struct KernelTarget {
  std::string name;           ///< as in the package: "x86-64-v3", "x86-64-v4", "native"
  std::string cpu;            ///< LLVM's -mcpu
  llvm::StringSet<> features; ///< LLVM's -mattr, without "+": "avx2", "avx512f", ...
  int64_t vectorBits = 256;   ///< width of the widest vectors to use: 256 or 512

  bool has(llvm::StringRef feature) const { return features.contains(feature); }

  /// How many elements of `bits` bits a vector holds.
  int64_t lanes(int64_t bits = 32) const { return vectorBits / bits; }
};

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_KERNELTARGET_H

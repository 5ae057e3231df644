// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kernels know of the machine they are built for.

#ifndef DREAMER_LIB_KERNELS_KERNELTARGET_H
#define DREAMER_LIB_KERNELS_KERNELTARGET_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dreamer {

/// One x86-64 variant of a package.
struct KernelTarget {
  std::string name;               ///< as in the package: "x86-64-v3", "x86-64-v4", "native"
  std::string tune;               ///< LLVM's name of the processor to schedule instructions for
  std::set<std::string> features; ///< LLVM's names: "avx2", "avx512f", ...; all that may be used
  int64_t vectorBits = 256;       ///< width of the widest vectors to use: 256 or 512

  /// The variant of that name; on failure `problem` says why. "native" is the machine that the
  /// compiler runs on.
  static std::optional<KernelTarget> named(llvm::StringRef name, std::string &problem);

  /// The variants of a package for any machine, the least demanding first.
  static std::vector<std::string> usualNames() { return {"x86-64-v3", "x86-64-v4"}; }

  /// To and from the attribute `schedule.target`; none if the attribute is not complete.
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
  static std::optional<KernelTarget> fromAttribute(mlir::DictionaryAttr attribute);

  bool has(llvm::StringRef feature) const { return features.count(feature.str()) != 0; }

  /// How many elements of `bits` bits a vector holds.
  int64_t lanes(int64_t bits = 32) const { return vectorBits / bits; }

  /// The features as bits of the package format.
  uint64_t featureBits() const;
};

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_KERNELTARGET_H

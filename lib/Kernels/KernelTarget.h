// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kernels know of the machine they are built for.

#ifndef DREAMER_LIB_KERNELS_KERNELTARGET_H
#define DREAMER_LIB_KERNELS_KERNELTARGET_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dreamer {

/// How matrices of bf16 are multiplied.
enum class NarrowProducts {
  widened, ///< as f32
  pairs,   ///< dot products of pairs in vectors: AVX512-BF16
  tiles    ///< tiles: AMX; pairs where there are few rows
};

/// One x86-64 variant of a package.
struct KernelTarget {
  std::string name;               ///< as in the package: "x86-64-v3", "x86-64-v4-amx", "native"
  std::string tune;               ///< LLVM's name of the processor to schedule instructions for
  std::set<std::string> features; ///< LLVM's names: "avx2", "avx512f", ...; all that may be used
  int64_t vectorBits = 256;       ///< width of the widest vectors to use: 256 or 512
  /// Features whose instructions kernels may use and code generation replaces by others: for tests on
  /// machines that lack them.
  std::set<std::string> emulated;

  /// The variant of that name; on failure `problem` says why. "native" is the machine that the
  /// compiler runs on.
  static std::optional<KernelTarget> named(llvm::StringRef name, std::string &problem);

  /// The variants of a package for any machine, the least demanding first. Those for `narrow`
  /// programs, which multiply bf16, differ from others in nothing else.
  static std::vector<std::string> usualNames(bool narrow = false);

  /// To and from the attribute `schedule.target`; none if the attribute is not complete.
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
  static std::optional<KernelTarget> fromAttribute(mlir::DictionaryAttr attribute);

  bool has(llvm::StringRef feature) const {
    return features.count(feature.str()) || emulated.count(feature.str());
  }

  NarrowProducts narrowProducts() const;

  /// How many elements of `bits` bits a vector holds.
  int64_t lanes(int64_t bits = 32) const { return vectorBits / bits; }

  /// The features as bits of the package format, without the emulated ones.
  uint64_t featureBits() const;
};

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_KERNELTARGET_H

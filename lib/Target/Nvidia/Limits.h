// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a block may use of an NVIDIA GPU, and the errors that say so.

#ifndef DREAMER_LIB_TARGET_NVIDIA_LIMITS_H
#define DREAMER_LIB_TARGET_NVIDIA_LIMITS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Types.h"

namespace dreamer::nvidia {

struct Limits {
  int64_t sharedBytes;           ///< of a block
  int64_t registers;             ///< of all threads of a block
  int64_t registersPerThread;    ///< of one
  int64_t registersForAddresses; ///< that accumulators have to leave
};

/// CUDA C Programming Guide, "Technical Specifications per Compute Capability".
constexpr Limits limitsSm80 = {163 * 1024, 65536, 255, 32};
constexpr Limits limitsSm90 = {227 * 1024, 65536, 255, 24};

/// Collects the first thing that does not fit.
class Fits {
public:
  explicit Fits(mlir::Location loc) : loc(loc) {}

  /// Fails with "expected <what> to be a multiple of <factor>, found <value>".
  Fits &multiple(llvm::StringRef what, int64_t value, int64_t factor) {
    return require(value > 0 && value % factor == 0, what,
                   "a multiple of " + std::to_string(factor), value);
  }
  Fits &atLeast(llvm::StringRef what, int64_t value, int64_t least) {
    return require(value >= least, what, "at least " + std::to_string(least), value);
  }
  Fits &atMost(llvm::StringRef what, int64_t value, int64_t most) {
    return require(value <= most, what, "at most " + std::to_string(most), value);
  }
  Fits &sixteenBit(llvm::StringRef what, mlir::Type type) {
    if (!isFailed && !type.isF16() && !type.isBF16()) {
      isFailed = true;
      mlir::emitError(loc) << "expected " << what << " of f16 or bf16, found " << type;
    }
    return *this;
  }
  operator llvm::LogicalResult() const { return llvm::failure(isFailed); }

private:
  Fits &require(bool holds, llvm::StringRef what, const std::string &expected, int64_t found) {
    if (!isFailed && !holds) {
      isFailed = true;
      mlir::emitError(loc) << "expected " << what << " to be " << expected << ", found " << found;
    }
    return *this;
  }

  mlir::Location loc;
  bool isFailed = false;
};

} // namespace dreamer::nvidia

#endif // DREAMER_LIB_TARGET_NVIDIA_LIMITS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a block may use of an NVIDIA GPU, and the errors that say so.

#ifndef DREAMER_LIB_TARGET_NVIDIA_LIMITS_H
#define DREAMER_LIB_TARGET_NVIDIA_LIMITS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Types.h"
#include <algorithm>

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
  /// What a block's threads on sm_80 leave for a thread's accumulators.
  Fits &registersSm80(int64_t threads, int64_t accumulators) {
    return atMost("accumulators of a thread", accumulators,
                  std::min(limitsSm80.registersPerThread, limitsSm80.registers / threads) -
                      limitsSm80.registersForAddresses);
  }
  /// Registers of one producer and some consumers, warp groups of sm_90a, as they ask for them.
  Fits &registersSm90(int64_t producer, int64_t consumers, int64_t consumer, int64_t accumulators) {
    return atLeast("registers of the producer", producer, 24)
        .multiple("registers of the producer", producer, 8)
        .multiple("registers of a consumer", consumer, 8)
        .atMost("registers of a consumer", consumer, 240)
        .atMost("registers of all threads", 128 * (producer + consumers * consumer),
                limitsSm90.registers)
        .atMost("accumulators of a thread", accumulators,
                consumer - limitsSm90.registersForAddresses);
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

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The contexts and values that the dialect's op interfaces speak in.

#ifndef DREAMER_DIALECTS_DREAMER_DREAMERINTERFACES_H
#define DREAMER_DIALECTS_DREAMER_DREAMERINTERFACES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <utility>

namespace dreamer {

/// What an operation that is being differentiated sees of the pass.
class AdjointContext {
public:
  virtual ~AdjointContext();

  /// The cotangent of a result (or of any forward value), null where it is zero.
  virtual mlir::Value cotangent(mlir::Value result) = 0;

  /// The value that `forward` had in the forward pass, usable at the adjoint.
  virtual mlir::Value primal(mlir::Value forward) = 0;

  /// Adds `cotangent`, of the type of `operand`, to what `operand` has so far.
  virtual void accumulate(mlir::Value operand, mlir::Value cotangent) = 0;
};

/// What a position-mixing operation sees when it is rebuilt for decoding.
class DecodeContext {
public:
  virtual ~DecodeContext();

  /// Positions of the tokens being decoded, i32 [B].
  virtual mlir::Value position() = 0;

  /// Appends `value` f32 [B, F] at the token's position to the cache of the forward
  /// operand `forward` and returns the whole cache [D, B, C, F].
  virtual mlir::Value append(mlir::Value forward, mlir::Value value) = 0;

  /// The slot (first dimension) of the caches that this execution uses.
  virtual mlir::Value slot() = 0;
};

/// Bytes of a tensor's elements, 0 for anything else.
int64_t bytesOf(mlir::Value value);

/// What one execution of an operation costs.
struct Cost {
  int64_t flops = 0;        ///< contractions; a multiply-add counts two
  int64_t bytesRead = 0;    ///< operands
  int64_t bytesWritten = 0; ///< results

  /// No contraction; what `op`, a CostOpInterface, touches of its operands read once, of its
  /// results written once.
  static Cost ofMemoryTraffic(mlir::Operation *op, llvm::function_ref<int64_t(mlir::Value)> index);

  Cost &operator+=(const Cost &other) {
    flops += other.flops;
    bytesRead += other.bytesRead;
    bytesWritten += other.bytesWritten;
    return *this;
  }
};

/// In `dreamer.fused`: a product, and the operations that are computed on its tiles, in order.
struct TileChain {
  mlir::Operation *product;
  llvm::SmallVector<mlir::Operation *> followers;
};

namespace detail {
/// Whether the sums of an AccumulatingOpInterface are of its results' types.
mlir::LogicalResult verifySums(mlir::Operation *op);
/// Whether `result` is a sum that an AccumulatingOpInterface adds to what it is given.
bool isSum(mlir::OpResult result);

/// Applies `dreamer.narrow` among `attributes`, which may be null, to the types of an operation's results.
mlir::LogicalResult inferNarrowResults(std::optional<mlir::Location> location,
                                       llvm::StringRef operation, mlir::DictionaryAttr attributes,
                                       llvm::SmallVectorImpl<mlir::Type> &types);
void narrowResult(mlir::OpResult result);
} // namespace detail

} // namespace dreamer

#include "dialects/Dreamer/DreamerInterfaces.h.inc"

#endif // DREAMER_DIALECTS_DREAMER_DREAMERINTERFACES_H

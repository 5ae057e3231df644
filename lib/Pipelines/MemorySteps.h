// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps towards less memory, the cheapest for each byte first.

#ifndef DREAMER_LIB_PIPELINES_MEMORYSTEPS_H
#define DREAMER_LIB_PIPELINES_MEMORYSTEPS_H

#include "lib/Cost/Report.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include <vector>

namespace dreamer {

/// One step. Either a value is computed again, or gradients are deferred over fewer depths.
struct MemoryStep {
  mlir::Operation *value = nullptr; ///< whose results are no longer kept
  std::vector<mlir::Operation *>
      again;           ///< what has to run again for that, beside what did so before
  int64_t window = 0;  ///< the new window of deferred gradients
  int64_t bytes = 0;   ///< freed, all depths together
  int64_t flops = 0;   ///< more, all depths together
  int64_t traffic = 0; ///< more bytes read and written

  /// Cost for each byte: FLOPs, and traffic as FLOPs.
  double price() const;
  /// Whether a value is computed again without a product, for about four bytes moved, in caches, for each
  /// byte of it. Kept, each is written and read, in memory.
  bool isCheap() const;
};

/// Bytes that a training entry keeps of the results of a forward operation, all depths together.
using KeptBytes = llvm::MapVector<mlir::Operation *, int64_t>;

/// The steps that give up kept values of `forward`'s loops, in order. An operation that runs again
/// takes its operands from what is kept, or makes them again likewise.
std::vector<MemoryStep> recomputeSteps(mlir::Operation *forward, KeptBytes kept);

/// The steps from the window that the plan of a program shows to none.
std::vector<MemoryStep> windowSteps(llvm::ArrayRef<PlanEntry> plan);

} // namespace dreamer

#endif // DREAMER_LIB_PIPELINES_MEMORYSTEPS_H

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a measurement of a kernel holds for.

#ifndef DREAMER_LIB_TUNINGDATABASE_KEY_H
#define DREAMER_LIB_TUNINGDATABASE_KEY_H

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/Operation.h"
#include <compare>
#include <string>

namespace dreamer::tuning {

struct Key {
  std::string device;   ///< the machine
  std::string target;   ///< the variant whose code it ran, with its features
  std::string kernel;   ///< the operation, its attributes, and where it stands
  std::string types;    ///< shapes and element types of its operands and results
  std::string compiler; ///< the version that built the code

  auto operator<=>(const Key &) const = default;
};

/// The key of an operation's kernels on a machine.
Key keyOf(mlir::Operation *op, const KernelTarget &target, llvm::StringRef device);

/// Whether the operand is the same in all steps of the loop around `op`, so that what is made of it
/// alone is made once; false outside of loops.
bool isFromOutside(mlir::OpOperand &operand);

/// This machine: its processor, what it can do, and its caches.
std::string thisDevice();

/// Bytes of a cache of this machine, by level; 0 if the system does not say.
int64_t cacheBytes(int level);

/// The version of Dreamer and of the LLVM below it.
std::string compilerVersion();

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNINGDATABASE_KEY_H

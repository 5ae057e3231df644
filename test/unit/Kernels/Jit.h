// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles kernel functions in memory.

#ifndef DREAMER_TEST_UNIT_KERNELS_JIT_H
#define DREAMER_TEST_UNIT_KERNELS_JIT_H

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <cstdint>
#include <memory>

namespace dreamer::test {

/// The functions of a module of func, scf, arith, math, vector and memref, callable.
class Jit {
public:
  /// Lowers and compiles `module`, which is changed, for `target`'s vectors and the features that it
  /// emulates; its other features are this machine's. Null, after an error, on failure.
  static std::unique_ptr<Jit> compile(mlir::ModuleOp module, const KernelTarget &target);

  /// Calls a function of integers and memrefs (bare pointers); at most 64.
  void call(llvm::StringRef name, llvm::ArrayRef<int64_t> arguments) const;

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_KERNELS_JIT_H

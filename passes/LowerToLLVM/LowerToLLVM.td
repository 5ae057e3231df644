// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_PASSES_LOWERTOLLVM_TD
#define DREAMER_PASSES_LOWERTOLLVM_TD

include "mlir/Pass/PassBase.td"

def ShareKernelsPass : Pass<"dreamer-share-kernels", "::mlir::ModuleOp"> {
  let summary = "Variants of a package have one code for kernels in which they do not differ";
  let description = [{
    On the outer module, once tiles are vectors and all that depends on the target is written out. A
    kernel that its variant has already, or a variant before for a subset of the features and vectors
    of the same width, becomes a declaration: compiled once, and linked into both. `schedule.shared`
    names the symbol, on the definition and on the declarations.
  }];
}

def ExpandForCpuPass : Pass<"dreamer-expand-for-cpu", "::mlir::ModuleOp"> {
  let summary = "What a processor has no instruction for, as simpler operations";
  let description = [{
    On the module of one variant:

    * exponentials, logarithms, trigonometric functions of f32 become polynomials (vectors stay
      vectors, no call of libm in a loop);
    * conversions from and to bf16 become integer operations, rounding to nearest even, so that no
      library and no special instruction is needed and every machine gives the same bits;
    * `schedule.require_range` becomes a loop and a `schedule.require`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def EndEntriesPass : Pass<"dreamer-end-entries", "::mlir::ModuleOp"> {
  let summary = "Entries end with 0 or the code of an error";
  let description = [{
    Assumes control flow as branches between blocks (no scf). Gives every entry the pointer to the
    services of the runtime as a first argument and an i32 result, and turns `schedule.require` into
    a branch to a block that returns the code.
  }];
  let dependentDialects = ["::mlir::cf::ControlFlowDialect", "::mlir::LLVM::LLVMDialect"];
}

def ScheduleToLLVMPass : Pass<"dreamer-schedule-to-llvm", "::mlir::ModuleOp"> {
  let summary = "From a schedule and its kernels to the LLVM dialect";
  let description = [{
    Converts the module of one variant: func, arith, math, cf, memref and schedule. Buffers are bare
    pointers. A launch goes through `services->launch`, with a function that runs a range of tasks on a
    closure of the arguments; the runtime calls it, on its threads where there are several tasks.
    An entry `f` becomes `i32 f(services*, void *const *buffers)`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // DREAMER_PASSES_LOWERTOLLVM_TD

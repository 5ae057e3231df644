// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_PASSES_SCHEDULE_TD
#define DREAMER_PASSES_SCHEDULE_TD

include "mlir/Pass/PassBase.td"

def SchedulePass : Pass<"dreamer-schedule", "::mlir::ModuleOp"> {
  let summary = "From whole tensors to kernels over planned buffers";
  let description = [{
    Turns every function on tensors into an entry: a host schedule of kernel launches, once for each
    target. What an operation launches is said by its `KernelOpInterface`.

    Assumes functions without calls or branches, of Dreamer operations (with kernels), `dreamer.recur`
    and arith on indices; arguments and results named as the dialect says.

    1. Parameters get offsets in one buffer, the same for all entries, gradients and moments; those
       that are stacked somewhere are neighbours.
    2. Values get memory. Views (slices, slots, entries of stacks) lie in what they are views of. Values
       joined by a copy or an update share memory when they are not needed at the same time: a carried
       value and what a step yields for it, a history and what is appended to it, a parameter and its
       update, an output and the value returned. A stacked value is written to its slot directly.
       (Chaitin's conservative coalescing, on intervals.)
    3. What remains lies in the arena: intervals of life, loops included, packed best fit, largest
       first. That no two live buffers overlap is checked afterwards, in every build.
    4. Launches are emitted. What kernels make of one operand alone (a packed weight, see
       `ScheduleBuilder::prepare`) they make once, before the outermost loop that does not change it.
       Equal kernels of one name are one kernel.
  }];
  let options = [
    ListOption<"targets", "targets", "std::string",
               "x86-64-v3, x86-64-v4, x86-64-v4-bf16, x86-64-v4-amx or native; default: x86-64-v3 and x86-64-v4">,
  ];
  let dependentDialects = [
    "::dreamer::schedule::ScheduleDialect", "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
  let statistics = [
    Statistic<"launches", "launches", "launches of kernels in all entries and variants">,
    Statistic<"kernels", "kernels", "kernels built">,
    Statistic<"copies", "copies", "copies of buffers">,
  ];
}

#endif // DREAMER_PASSES_SCHEDULE_TD

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an operation on whole tensors becomes launches of kernels over buffers.

#ifndef DREAMER_KERNEL_OP_INTERFACE_TD
#define DREAMER_KERNEL_OP_INTERFACE_TD

include "mlir/IR/OpBase.td"

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation on tensors that knows the kernels which compute it. Implemented by
    external models, so that the dialect knows nothing of machines. Every operand and
    result has a buffer by the time it is asked; see `ScheduleBuilder` for the rules.
  }];
  let methods = [
    InterfaceMethod<[{
      Emits the launches that compute the results' buffers from the operands' buffers.
    }], "void", "buildKernels", (ins "::dreamer::ScheduleBuilder &":$schedule)>,
    InterfaceMethod<[{
      The operand that `result` is a new version of, if any: the two always share one
      buffer, which holds the operand's value when the kernels start and must hold the
      result's when they end. Where the operand is needed later, it was copied before.
    }], "std::optional<unsigned>", "getUpdatedOperand", (ins "unsigned":$result), "",
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Whether `result` may lie in the buffer of `operand` (same type) when the operand is
      not needed later: true for kernels that read an element of the operand only before
      or in the same iteration in which they write that element of the result, all in one task.
    }], "bool", "mayShareBuffer", (ins "unsigned":$result, "unsigned":$operand), "",
      [{ return false; }]>,
    InterfaceMethod<[{
      Writes the part of a kernel of `dreamer.fused` that computes a tile. Operations that can be
      computed on tiles of what they follow (`TileLocalOpInterface`) have it.
    }], "void", "buildOnTile",
      (ins "::dreamer::kernels::Kernel &":$kernel, "const ::dreamer::kernels::OpTile &":$tile), "", [{
        llvm::report_fatal_error("kernel: expected an operation with code for a tile");
      }]>,
  ];
}

#endif // DREAMER_KERNEL_OP_INTERFACE_TD

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation means: the interface that the reference interpreter runs.

#ifndef DREAMER_REFERENCE_OP_INTERFACE_TD
#define DREAMER_REFERENCE_OP_INTERFACE_TD

include "mlir/IR/OpBase.td"

def ReferenceOpInterface : OpInterface<"ReferenceOpInterface"> {
  let cppNamespace = "::dreamer::reference";
  let description = [{
    An operation that can be executed on f64 and i32 tensors. The models in
    `lib/Reference` are the specification of the dialect: what they compute is
    what every derivative, fusion and lowering is compared with.
  }];
  let methods = [
    InterfaceMethod<[{
      Computes the results from the operands' values in `frame`. Fails, after an
      error at the operation, if a value is outside what the operation accepts.
    }], "::llvm::LogicalResult", "interpret", (ins "::dreamer::reference::Frame &":$frame)>,
  ];
}

#endif // DREAMER_REFERENCE_OP_INTERFACE_TD

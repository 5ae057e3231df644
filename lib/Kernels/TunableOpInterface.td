// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernels of an operation leave open.

#ifndef DREAMER_TUNABLE_OP_INTERFACE_TD
#define DREAMER_TUNABLE_OP_INTERFACE_TD

include "mlir/IR/OpBase.td"

def TunableOpInterface : OpInterface<"TunableOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation whose kernels have parameters that change how fast they are and nothing else but the
    order of sums: blocks, tasks, what is packed. Which values are best is a question to a
    machine; `dreamer-tune` asks it. A choice travels as the attribute `dreamer.tuned` of
    the operation, by target, and kernels read it through `ScheduleBuilder::parameter`.
  }];
  let methods = [
    InterfaceMethod<[{
      The parameters for the shapes of this operation on a machine: names, meanings, values, what is
      chosen where nobody chooses, and which values do not go together.
    }], "::dreamer::KernelParameters", "getKernelParameters",
      (ins "const ::dreamer::KernelTarget &":$target)>,
    InterfaceMethod<[{
      Ids in operand `operand`, a tensor of integers, are in [0, bound): what kernels are measured with
      has to be in range.
    }], "int64_t", "getIdBound", (ins "unsigned":$operand), "", [{ return 1; }]>,
  ];
}

#endif // DREAMER_TUNABLE_OP_INTERFACE_TD

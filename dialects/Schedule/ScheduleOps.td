// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a host schedule is made of, besides func, scf, arith and memref.

#ifndef DREAMER_SCHEDULE_OPS_TD
#define DREAMER_SCHEDULE_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Schedule_Dialect : Dialect {
  let name = "schedule";
  let cppNamespace = "::dreamer::schedule";
  let summary = "Host schedules: which kernels run, in which order, on which memory";
  let description = [{
    The kernels phase of a package. Its module holds the attributes that describe the
    package and one nested module for each processor variant:

    * *Entries* are functions with the attribute `schedule.entry`: every argument is one
      buffer `memref<N x i8>`; tensors are `memref.view`s of them at planned offsets.
      Nothing is allocated. `schedule.entry` says where inputs and outputs lie.
    * *Kernels* are private functions with the attribute `schedule.kernel`: memrefs and
      `index` values, then the `index` of the task. One execution computes one task.

    | attribute | on | holds |
    | --- | --- | --- |
    | `schedule.parameters`, `schedule.parameter_bytes` | outer module | the layout that parameters, gradients and moments share |
    | `schedule.errors` | outer module | messages of `require` and `require_range`, code 1 first |
    | `schedule.cost`, `schedule.manifest` | outer module | the cost report; in the target phase, the package's manifest; JSON |
    | `schedule.target` | variant module | {name, tune, features, vector_bits}, and {emulated} for tests: features that kernels use and code generation replaces |
    | `schedule.entry`, `schedule.plan` | entry | inputs and outputs; the arena's size and its largest buffers |
    | `schedule.buffer`, `schedule.name` | entry argument | kind of the buffer; name of a tensor with its own buffer |
    | `schedule.kernel` | kernel | the operation it is a part of |
    | `schedule.shared` | kernel | the symbol of its code, which several kernels or variants use: one defines it, the others declare it |
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
}

class Schedule_Op<string mnemonic, list<Trait> traits = []>
    : Op<Schedule_Dialect, mnemonic, traits>;

def Schedule_Buffer : MemRefOf<[F32, F64, BF16, I32, I64, I8]>;

def Schedule_LaunchOp
    : Schedule_Op<"launch", [AttrSizedOperandSegments,
                             DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel once for each task 0 .. tasks-1";
  let description = [{
    Tasks are independent: any order, any number at the same time. Ends when all have
    ended. What is known of a launch is for people and profiles:

    * `at`, the index of the step of the innermost loop over depth;
    * `part`, the part of the model, such as `core.sequence_attention`;
    * `flops` of its contractions, `bytes_read` and `bytes_written` of its buffers, each touched
      byte once; in a loop the mean over all steps, and at most so many where the data decide;
    * `id`, its place in the table of the package's manifest.

    ```mlir
    schedule.launch @add_forward_0 tasks(%c4) at(%d) (%a, %b, %sum
        : memref<4x64xf32>, memref<4x64xf32>, memref<4x64xf32>) {part = "core.add"}
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Index:$tasks, Optional<Index>:$step,
                       Variadic<AnyTypeOf<[Index, Schedule_Buffer]>>:$arguments,
                       OptionalAttr<StrAttr>:$part, OptionalAttr<I64Attr>:$flops,
                       OptionalAttr<I64Attr>:$bytes_read, OptionalAttr<I64Attr>:$bytes_written,
                       OptionalAttr<I64Attr>:$id);
  let assemblyFormat = [{
    $kernel `tasks` `(` $tasks `)` (`at` `(` $step^ `)`)? `(` ($arguments^ `:` type($arguments))? `)`
    attr-dict
  }];
}

def Schedule_FillOp : Schedule_Op<"fill"> {
  let summary = "sets every byte of a buffer";
  let arguments = (ins Arg<Schedule_Buffer, "", [MemWrite]>:$buffer, I8Attr:$byte);
  let assemblyFormat = "$buffer `with` $byte attr-dict `:` type($buffer)";
}

def Schedule_RequireOp : Schedule_Op<"require"> {
  let summary = "ends the entry with the error `code` unless a condition holds";
  let arguments = (ins I1:$condition, ConfinedAttr<I32Attr, [IntPositive]>:$code);
  let assemblyFormat = "$condition `else` $code attr-dict";
}

def Schedule_RequireRangeOp : Schedule_Op<"require_range"> {
  let summary = "ends the entry with the error `code` unless all ids are in [low, high)";
  let arguments = (ins MemRefOf<[I32]>:$ids, I64Attr:$low, I64Attr:$high,
                       ConfinedAttr<I32Attr, [IntPositive]>:$code);
  let assemblyFormat = "$ids `in` $low `to` $high `else` $code attr-dict `:` type($ids)";
}

#endif // DREAMER_SCHEDULE_OPS_TD

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What was measured becomes choices in the program.

#ifndef DREAMER_PASSES_APPLYTUNING_TD
#define DREAMER_PASSES_APPLYTUNING_TD

include "mlir/Pass/PassBase.td"

def ApplyTuning : Pass<"dreamer-apply-tuning", "::mlir::ModuleOp"> {
  let summary = "chooses the parameters of kernels that a database says are best";
  let description = [{
    Every operation with parameters (`TunableOpInterface`) is looked up in the database that
    `dreamer-tune` wrote, by the machine, the variant, the operation with its attributes and types, and the
    version of the compiler. What was found becomes its attribute `dreamer.tuned`:

    ```mlir
    %y = dreamer.linear %x, %w {dreamer.tuned = {native = {block_rows = 4 : i64, block_vectors = 3 : i64}}}
    ```

    A choice is made only if it was measured to be faster than the standard values in the same run, and
    only if the kernels still have such parameters. A choice that the program has already stays.

    Remarks of category `tune` say of each operation what was found or why it was not; one more at the end
    how many there were.

    Assumes the program phase as `dreamer-schedule` takes it: an operation that changes
    afterwards is another kernel.
  }];
  let options = [
    Option<"database", "database", "std::string", "\"\"", "the file that dreamer-tune wrote">,
    ListOption<"targets", "targets", "std::string",
               "x86-64-v3, x86-64-v4 or native; default: x86-64-v3 and x86-64-v4">,
    Option<"device", "device", "std::string", "\"\"",
           "the machine, as the database calls it; default: this one">,
  ];
  let dependentDialects = ["::dreamer::DreamerDialect"];
  let statistics = [
    Statistic<"found", "found", "operations whose best parameters are known">,
    Statistic<"missed", "missed", "operations that were not measured">,
    Statistic<"changed", "changed", "operations that do not have the standard parameters">,
  ];
}

#endif // DREAMER_PASSES_APPLYTUNING_TD

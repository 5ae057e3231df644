// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile programs for NVIDIA GPUs, by their builders.

#ifndef DREAMER_PASSES_BUILDNVIDIAKERNEL_TD
#define DREAMER_PASSES_BUILDNVIDIAKERNEL_TD

include "mlir/Pass/PassBase.td"

def BuildNvidiaKernel : Pass<"build-nvidia-kernel", "::mlir::ModuleOp"> {
  let summary = "adds one kernel to the module";
  let description = [{
    Calls the builder that `kernel` names for one problem and adds the function that it makes, to look at it, check it or run it:

    ```
    dreamer-opt empty.mlir --build-nvidia-kernel="kernel=gemm-sm90 rows=128 columns=256 depth=192" -o gemm.mlir
    dreamer-interpret gemm.mlir --entry=kernel --blocks=2 --inputs=in.safetensors --outputs=out.safetensors
    ```
  }];
  let options = [
    Option<"kernel", "kernel", "std::string", "", "gemm-sm80, gemm-sm90, attention-sm80 or attention-sm90">,
    Option<"name", "name", "std::string", /*default=*/"\"kernel\"", "Name of the function">,
    Option<"tiling", "tiling", "unsigned", /*default=*/"0", "Which entry of the builder's table of parameters">,
    Option<"element", "element", "std::string", /*default=*/"\"bf16\"", "Element type of the operands: f16 or bf16">,
    Option<"rows", "rows", "int64_t", /*default=*/"0", "Of the product">,
    Option<"columns", "columns", "int64_t", /*default=*/"0", "Of the product">,
    Option<"depth", "depth", "int64_t", /*default=*/"0", "Of the product">,
    Option<"transposeA", "transpose-a", "bool", /*default=*/"false", "A is [depth][rows]">,
    Option<"plainB", "plain-b", "bool", /*default=*/"false", "B is [depth][columns], not [columns][depth]">,
    Option<"batch", "batch", "int64_t", /*default=*/"1", "Of attention">,
    Option<"queries", "queries", "int64_t", /*default=*/"0", "Of attention">,
    Option<"keys", "keys", "int64_t", /*default=*/"0", "Of attention">,
    Option<"heads", "heads", "int64_t", /*default=*/"1", "Of attention">,
    Option<"kvHeads", "kv-heads", "int64_t", /*default=*/"1", "Of attention">,
    Option<"headSize", "head-size", "int64_t", /*default=*/"64", "Of attention">,
    Option<"causal", "causal", "bool", /*default=*/"false", "Query i sees keys up to i + keys - queries">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::dreamer::tile::TileDialect"];
}

#endif // DREAMER_PASSES_BUILDNVIDIAKERNEL_TD

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_PASSES_LOWERTILETOVECTOR_TD
#define DREAMER_PASSES_LOWERTILETOVECTOR_TD

include "mlir/Pass/PassBase.td"

def LowerTileToVector : Pass<"dreamer-lower-tile-to-vector", "::mlir::ModuleOp"> {
  let summary = "Tile programs for processors, as loops over vectors";
  let description = [{
    Rewrites every function that has operations of the tile dialect. A tile in the layout `vectors` becomes one SSA
    value for each vector of each row, so that accumulators live in registers; a column becomes one scalar for each row.
    Places become addresses: nothing of a view is left where it is constant, and a tail costs nothing where tiles are whole.

    `tile.block_id` and `tile.block_count` become two `index` arguments that are added to a function that has them, or in a kernel of
    a schedule the task, which is its last argument (such a kernel has no count).

    Products of bf16 whose right factor is in pairs become dot products of pairs where the target has AVX512-BF16 (vectors of 512 bits,
    a left factor in the order rows, an even depth); elsewhere their factors are widened. Accumulators in `amx_c` become tiles of AMX: the left
    factor has all its rows, the depth that is there is known to be a multiple of 32. What is not there of a place that accumulators are read
    from or written to goes by a tile of the stack.

    Layouts and operations of other targets are refused.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "0",
           "width of vectors: 256 or 512; 0: as `schedule.target` of the module says, or 256">,
    ListOption<"features", "features", "std::string",
               "LLVM's names of what the processor has beyond what `schedule.target` says: avx512bf16, amx-tile, amx-bf16">,
  ];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

#endif // DREAMER_PASSES_LOWERTILETOVECTOR_TD

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The protocol of tile programs.

#ifndef DREAMER_PASSES_CHECKTILEPROTOCOL_TD
#define DREAMER_PASSES_CHECKTILEPROTOCOL_TD

include "mlir/Pass/PassBase.td"

def CheckTileProtocol : Pass<"check-tile-protocol", "::mlir::ModuleOp"> {
  let summary = "checks that rings, roles and products in flight of tile programs agree";
  let description = [{
    An error where, in a function with tile operations,

    * a writer or a reader of a ring does not number its uses 0, 1, 2, ...;
    * somebody waits for ever: a get without a put, puts beyond the stages without a release, a reversed
      order. The error says who waits for which use, slot and phase;
    * a slot is read after its release, released twice or never, or released while a product in
      flight reads it;
    * what was put is not read by all readers before the block ends;
    * a ring has other writers or readers than its type says;
    * a product is still in flight where its role or the function ends, or its accumulators are taken twice;
    * layouts of x86 and of NVIDIA, or layouts of x86 and rings, roles or products in flight, are in one function.

    The last is seen without running. For the others the pass runs blocks of the program *without its
    data*: index arithmetic, loops, conditions and the operations above, nothing else. Roles wait for each other only
    by rings and barriers, so the order in which they run changes none of the answers.

    *What is proven.* For a program whose numbers are all constants but the number of the block: that the blocks
    that were tried (0, 1, 5 and the last of 1, 2, 3, 132 and 2^20) keep the protocol, up to `budget` operations
    each. Numbers that come from arguments or arrays are tried with small values, values about the stages of the
    rings, and large ones: first all equal, then mixed; the same argument, and the same element of the same array, is the same number
    everywhere. *What is not*: other numbers, blocks that were not tried, and what comes after `budget` operations. Slots and phases
    repeat after twice the stages, so what is wrong mostly shows in the first turns of a ring, but this is no proof.

    Bytes of a ring are checked by its type, reads of data by the functional run (`dreamer-interpret`).
  }];
  let options = [
    Option<"budget", "budget", "int64_t", /*default=*/"30000",
           "Operations that each trial of a program may execute">,
  ];
  let dependentDialects = ["::dreamer::tile::TileDialect"];
}

#endif // DREAMER_PASSES_CHECKTILEPROTOCOL_TD

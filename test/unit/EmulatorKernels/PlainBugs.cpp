// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bugs in kernels without matrix units or asynchronous work.

#include "Bugs.h"

namespace dreamer::emulator::test {

using enum Check;

std::vector<Bug> plainBugs() {
  return {
      {"tiled_matmul", "no barrier after filling", "gpu.barrier // filled", "", reported({Race})},
      {"tiled_matmul", "no barrier after reading", "gpu.barrier // read", "", reported({Race})},
      {"tiled_matmul", "one step of k too many", "%c48 = arith.constant 48",
       "%c48 = arith.constant 64", reported({Bounds})},
      {"tiled_matmul", "tile of A stored transposed", "%a, %sa[%ty, %tx]", "%a, %sa[%tx, %ty]",
       wrong()},
      {"tiled_matmul", "inner loop begins at 1", "%i = %c0 to", "%i = %c1 to", wrong()},
      {"masked_rows", "no mask of rows", "andi %in_row, %in_column", "andi %in_row, %in_row",
       reported({Bounds})},
      {"masked_rows", "no mask of columns", "andi %in_row, %in_column",
       "andi %in_column, %in_column", reported({Bounds, Race})},
      {"masked_rows", "one row too many", "%in_column = arith.cmpi ult",
       "%in_column = arith.cmpi ule", reported({Bounds})},
      {"masked_rows", "one column too many", "%in_row = arith.cmpi ult", "%in_row = arith.cmpi ule",
       reported({Race, Bounds})},
      {"softmax", "no barrier after the maxima", "gpu.barrier // maxima", "", reported({Race})},
      {"softmax", "no barrier after the sums", "gpu.barrier // sums", "", reported({Race})},
      {"softmax", "shuffles begin at 8", "%half = arith.constant 16", "%half = arith.constant 8",
       wrong()},
      {"softmax", "all lanes but the first write the maximum", "arith.cmpi eq, %lane, %c0",
       "arith.cmpi ne, %lane, %c0", reported({Race})},
      {"softmax", "total without an atomic",
       "%old = memref.atomic_rmw addf %y, %total[%c0] : (f32, memref<1xf32>) -> f32",
       "%old = memref.load %total[%c0] : memref<1xf32>\n    %added = arith.addf %old, %y : f32\n   "
       " memref.store %added, %total[%c0] : memref<1xf32>",
       reported({Race})},
      {"block_reduce", "no barrier after the parts", "gpu.barrier // parts", "",
       reported({Race, Uninitialised})},
      {"block_reduce", "mask names lanes that do not come",
       "arith.constant 0xff :", "arith.constant 0xffff :", reported({Divergence, Deadlock})},
      {"block_reduce", "mask without a lane that comes", "%all = arith.constant -1",
       "%all = arith.constant 0x7fffffff", reported({Operand, Divergence})},
      {"block_reduce", "one lane too many", "arith.cmpi ult, %t, %c8", "arith.cmpi ule, %t, %c8",
       reported({Operand, Divergence})},
      {"early_exit", "mask names a lane that left", "0x55555555", "0x55555557",
       reported({Divergence, Deadlock})},
      {"early_exit", "barrier counts threads that left",
       "nvvm.barrier id = %one number_of_threads = %half",
       "%more = llvm.mlir.constant(96 : i32) : i32\n    nvvm.barrier id = %one number_of_threads = "
       "%more",
       reported({Deadlock})},
      {"votes", "mask of one lane", "%mask = arith.constant -1", "%mask = arith.constant 1",
       reported({Operand, Divergence})},
      {"local_arrays", "one element beyond the array", "%i = %c0 to %c7", "%i = %c0 to %c8",
       reported({Bounds})},
      {"f64_dot", "no barrier in the tree", "gpu.barrier", "", reported({Race})},
      {"f64_dot", "tree begins beyond the array", "%half = %c32", "%half = %c64",
       reported({Bounds, Uninitialised})},
      {"f64_dot", "sum stored where it was read", "memref.store %sum, %s[%t]",
       "memref.store %sum, %s[%other]", wrong()},
      {"int_division", "signed for unsigned", "arith.divui %x", "arith.divsi %x", wrong()},
      {"named_barriers", "producers do not wait until read",
       "nvvm.barrier id = %empty number_of_threads = %everyone", "", reported({Race})},
      {"named_barriers", "consumers do not wait until filled",
       "nvvm.barrier id = %full number_of_threads = %everyone", "",
       reported({Race, Uninitialised})},
      {"named_barriers", "empty and full barriers are the same", "%empty0 = arith.constant 3",
       "%empty0 = arith.constant 1", reported({Race, Deadlock, Divergence})},
      {"named_barriers", "first reuse of a stage does not wait", "arith.cmpi uge, %i, %c2",
       "arith.cmpi ugt, %i, %c2", reported({Race})},
      {"named_barriers", "half of the threads counted", "%everyone = arith.constant 128",
       "%everyone = arith.constant 64", reported({Race, Divergence})},
      {"named_barriers", "one arrival too many at the end", "%following = arith.addi %i, %c2",
       "%following = arith.addi %i, %c1", reported({Exit, Deadlock})},
      {"mbarrier_ring", "no barrier after the inits", "gpu.barrier // made", "",
       reported({Race, Uninitialised, Transactions, Operand})},
      {"mbarrier_ring", "producer waits for the wrong phase", "%before = arith.xori %phase, %one",
       "%before = arith.ori %phase, %zero", reported({Deadlock})},
      {"mbarrier_ring", "consumer does not wait",
       "nvvm.mbarrier.try_wait.parity %full, %phase, %ticks : !llvm.ptr<3>, i32, i32", "",
       reported({Race, Uninitialised})},
      {"mbarrier_ring", "producer does not wait",
       "nvvm.mbarrier.try_wait.parity %empty, %before, %ticks : !llvm.ptr<3>, i32, i32", "",
       reported({Race, Deadlock})},
      {"mbarrier_ring", "count too small", "%count = arith.constant 32",
       "%count = arith.constant 31", reported({Race, Transactions, Deadlock})},
      {"mbarrier_ring", "count too big", "%count = arith.constant 32", "%count = arith.constant 33",
       reported({Deadlock})},
      {"mbarrier_ring", "consumer arrives before it reads",
       "%v = memref.load %s[%stage, %other] : memref<3x32xi32, #sh>\n        %token = "
       "nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> i64",
       "%token = nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> i64\n        %v = memref.load "
       "%s[%stage, %other] : memref<3x32xi32, #sh>",
       reported({Race})},
      {"mbarrier_ring", "producer arrives before it writes",
       "memref.store %v, %s[%stage, %lane] : memref<3x32xi32, #sh>\n        %token = "
       "nvvm.mbarrier.arrive %full : !llvm.ptr<3> -> i64",
       "%token = nvvm.mbarrier.arrive %full : !llvm.ptr<3> -> i64\n        memref.store %v, "
       "%s[%stage, %lane] : memref<3x32xi32, #sh>",
       reported({Race, Uninitialised})},
      {"mbarrier_ring", "phase changes every step", "%round = arith.divui %i, %c3",
       "%round = arith.divui %i, %c1", reported({Race, Deadlock, Uninitialised})},
      {"mbarrier_ring", "an empty mbarrier is a full one", "%full[3]", "%full[2]",
       reported({Race, Deadlock, Transactions, Uninitialised}), 2},
  };
}

} // namespace dreamer::emulator::test

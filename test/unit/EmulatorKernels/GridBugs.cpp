// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bugs in kernels whose blocks wait for each other.

#include "Bugs.h"

namespace dreamer::emulator::test {

using enum Check;

std::vector<Bug> gridBugs() {
  return {
      {"grid_barrier", "no block barrier before the arrival", "gpu.barrier // written", "",
       reported({Race})},
      {"grid_barrier", "no block barrier after the wait", "gpu.barrier // everybody was there", "",
       reported({Race})},
      {"grid_barrier", "arrival is relaxed", "acq_rel", "monotonic", reported({Race})},
      {"grid_barrier", "wait is relaxed", "syncscope(\"device\") acquire",
       "syncscope(\"device\") monotonic", reported({Race})},
      {"grid_barrier", "arrival of block scope", "%one syncscope(\"device\")",
       "%one syncscope(\"block\")", reported({Race})},
      {"grid_barrier", "wait of block scope", "atomic syncscope(\"device\") acquire",
       "atomic syncscope(\"block\") acquire", reported({Race})},
      {"grid_barrier", "second target too small", "%twice = arith.addi %target, %n",
       "%twice = arith.addi %target, %one", reported({Race})},
      {"grid_barrier", "target too big", "%target = %n)", "%target = %three)",
       reported({Race, Hang, Deadlock})},
      {"stream_k", "flag is relaxed", "syncscope(\"device\") release",
       "syncscope(\"device\") monotonic", reported({Race})},
      {"stream_k", "wait is relaxed", "syncscope(\"device\") acquire",
       "syncscope(\"device\") monotonic", reported({Race})},
      {"stream_k", "no barrier before the flag", "gpu.barrier // written by all", "",
       reported({Race})},
      {"stream_k", "no barrier after the wait", "gpu.barrier // the partial sum is there", "",
       reported({Race, Uninitialised})},
      {"stream_k", "waits for its own flag", "%flags[%other]", "%flags[%own]",
       reported({Hang, Deadlock})},
      {"stream_k", "reads its own partial sum", "%partial[%following, %t]", "%partial[%b, %t]",
       reported({Uninitialised})},
      {"stream_k", "flag at block scope", "atomic syncscope(\"device\") release",
       "atomic syncscope(\"block\") release", reported({Race})},
      {"histogram", "bins are not cleared", "memref.store %zero, %bins[%t] : memref<16xi32, #sh>",
       "", reported({Uninitialised})},
      {"histogram", "no barrier after clearing", "gpu.barrier // cleared", "",
       reported({Race, Uninitialised})},
      {"histogram", "no barrier after counting", "gpu.barrier // counted", "", reported({Race})},
      {"histogram", "one bin too few", "%c16 = arith.constant 16", "%c16 = arith.constant 15",
       reported({Uninitialised})},
      {"histogram", "shared count without an atomic",
       "%old0 = memref.atomic_rmw addi %one, %bins[%i0] : (i32, memref<16xi32, #sh>) -> i32",
       "%old0 = memref.load %bins[%i0] : memref<16xi32, #sh>\n    %more0 = arith.addi %old0, %one "
       ": i32\n    memref.store %more0, %bins[%i0] : memref<16xi32, #sh>",
       reported({Race})},
      {"histogram", "global count without an atomic",
       "%old = memref.atomic_rmw addi %n, %out[%t] : (i32, memref<16xi32>) -> i32",
       "%old = memref.load %out[%t] : memref<16xi32>\n      %more = arith.addi %old, %n : i32\n    "
       "  memref.store %more, %out[%t] : memref<16xi32>",
       reported({Race})},
      {"look_back_scan", "no barrier after the tile is taken", "gpu.barrier // tile known", "",
       reported({Race, Uninitialised})},
      {"look_back_scan", "no barrier before a step reads", "gpu.barrier // step written", "",
       reported({Race})},
      {"look_back_scan", "no barrier before a step writes", "gpu.barrier // step read", "",
       reported({Race})},
      {"look_back_scan", "no barrier after the look back", "gpu.barrier // looked back", "",
       reported({Race, Uninitialised})},
      {"look_back_scan", "stops at a sum that is not total", "arith.cmpi eq, %is, %total",
       "arith.cmpi eq, %is, %own", wrong()},
      {"look_back_scan", "own sum is never published",
       "llvm.store %state, %place atomic syncscope(\"device\") monotonic {alignment = 8 : i64} : "
       "i64, !llvm.ptr",
       "", equivalent("the tiles after it wait for its total, which comes later")},
      {"look_back_scan", "total is never published",
       "llvm.store %us, %place atomic syncscope(\"device\") monotonic {alignment = 8 : i64} : i64, "
       "!llvm.ptr",
       "", wrong()},
      {"look_back_scan", "tile taken without an atomic",
       "%next = llvm.atomicrmw add %counter, %one syncscope(\"device\") monotonic : !llvm.ptr, i32",
       "%next = llvm.load %counter : !llvm.ptr -> i32\n      %taken = arith.addi %next, %one : "
       "i32\n      llvm.store %taken, %counter : i32, !llvm.ptr",
       reported({Race})},
      {"split_k", "wait is relaxed", "acquire", "monotonic", reported({Race})},
      {"split_k", "no fence before the semaphore", "nvvm.memory.barrier <gpu>", "",
       reported({Race})},
      {"split_k", "fence of the block only", "nvvm.memory.barrier <gpu>",
       "nvvm.memory.barrier <cta>", reported({Race})},
      {"split_k", "no barrier before adding", "gpu.barrier // our turn", "", reported({Race})},
      {"split_k", "no barrier after adding", "gpu.barrier // added", "", reported({Race})},
      {"split_k", "semaphore is not advanced", "%after = arith.addi %turn, %one",
       "%after = arith.muli %turn, %one", reported({Hang, Deadlock})},
      {"split_k", "the first block adds to what was there", "arith.cmpi eq, %b, %c0",
       "arith.cmpi ne, %b, %b", reported({Uninitialised})},
  };
}

} // namespace dreamer::emulator::test

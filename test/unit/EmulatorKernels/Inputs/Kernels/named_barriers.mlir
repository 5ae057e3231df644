// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Two producer warps fill two stages, two consumer warps read them, with a full and an empty named
// barrier a stage: who need not wait arrives only.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @named_barriers(%x: memref<8x64xi32>, %out: memref<64xi32>)
      workgroup(%s: memref<2x64xi32, #sh>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c8 = arith.constant 8 : index
    %c63 = arith.constant 63 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0 : i32
    %full0 = arith.constant 1 : i32
    %empty0 = arith.constant 3 : i32
    %everyone = arith.constant 128 : i32
    %t = gpu.thread_id x
    %produces = arith.cmpi ult, %t, %c64 : index
    scf.if %produces {
      scf.for %i = %c0 to %c8 step %c1 {
        %stage = arith.remui %i, %c2 : index
        %n = arith.index_cast %stage : index to i32
        %full = arith.addi %full0, %n : i32
        %empty = arith.addi %empty0, %n : i32
        %again = arith.cmpi uge, %i, %c2 : index
        scf.if %again {
          nvvm.barrier id = %empty number_of_threads = %everyone // until read
        }
        %v = memref.load %x[%i, %t] : memref<8x64xi32>
        memref.store %v, %s[%stage, %t] : memref<2x64xi32, #sh>
        nvvm.barrier.arrive id = %full number_of_threads = %everyone
      }
    } else {
      %own = arith.subi %t, %c64 : index
      %other = arith.subi %c63, %own : index
      %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%part = %zero) -> i32 {
        %stage = arith.remui %i, %c2 : index
        %n = arith.index_cast %stage : index to i32
        %full = arith.addi %full0, %n : i32
        %empty = arith.addi %empty0, %n : i32
        nvvm.barrier id = %full number_of_threads = %everyone // until filled
        %v = memref.load %s[%stage, %other] : memref<2x64xi32, #sh>
        %next = arith.addi %part, %v : i32
        %following = arith.addi %i, %c2 : index
        %again = arith.cmpi ult, %following, %c8 : index
        scf.if %again {
          nvvm.barrier.arrive id = %empty number_of_threads = %everyone
        }
        scf.yield %next : i32
      }
      memref.store %sum, %out[%own] : memref<64xi32>
    }
    gpu.return
  }
}

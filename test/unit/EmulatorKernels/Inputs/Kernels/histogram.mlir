// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Counts of 16 values: shared atomics in each block, global atomics between blocks.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @histogram(%x: memref<5x128xi32>, %out: memref<16xi32>)
      workgroup(%bins: memref<16xi32, #sh>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %counts = arith.cmpi ult, %t, %c16 : index
    scf.if %counts {
      memref.store %zero, %bins[%t] : memref<16xi32, #sh>
    }
    gpu.barrier // cleared
    %second = arith.addi %t, %c64 : index
    %v0 = memref.load %x[%b, %t] : memref<5x128xi32>
    %v1 = memref.load %x[%b, %second] : memref<5x128xi32>
    %i0 = arith.index_cast %v0 : i32 to index
    %i1 = arith.index_cast %v1 : i32 to index
    %old0 = memref.atomic_rmw addi %one, %bins[%i0] : (i32, memref<16xi32, #sh>) -> i32
    %old1 = memref.atomic_rmw addi %one, %bins[%i1] : (i32, memref<16xi32, #sh>) -> i32
    gpu.barrier // counted
    scf.if %counts {
      %n = memref.load %bins[%t] : memref<16xi32, #sh>
      %old = memref.atomic_rmw addi %n, %out[%t] : (i32, memref<16xi32>) -> i32
    }
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %n = arith.index_cast %t : index to i32
    %seven = arith.constant 7 : i32
    %v = memref.load %x[%t] : memref<128xi32>
    %d = arith.subi %n, %seven : i32
    %q = arith.divsi %v, %d : i32 // reported
    memref.store %q, %y[%t] : memref<128xi32>
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %n = arith.index_cast %t : index to i32
    %seven = arith.constant 7 : i32
    %v = memref.load %x[%t] : memref<128xi32>
    %d = arith.addi %n, %seven : i32
    %q = arith.divsi %v, %d : i32
    memref.store %q, %y[%t] : memref<128xi32>
    gpu.return
  }
}

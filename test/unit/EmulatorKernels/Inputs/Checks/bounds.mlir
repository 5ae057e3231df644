// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %c1 = arith.constant 1 : index
    %next = arith.addi %t, %c1 : index
    %v = memref.load %x[%next] : memref<128xi32> // reported
    memref.store %v, %y[%t] : memref<128xi32>
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %c1 = arith.constant 1 : index
    %next = arith.addi %t, %c1 : index
    %v = memref.load %x[%t] : memref<128xi32>
    memref.store %v, %y[%t] : memref<128xi32>
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      workgroup(%s: memref<128xi32, #sh> {llvm.align = 128 : i64})
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %c127 = arith.constant 127 : index
    %other = arith.subi %c127, %t : index
    %v = memref.load %x[%t] : memref<128xi32>
    memref.store %v, %s[%t] : memref<128xi32, #sh>
    gpu.barrier
    memref.store %v, %s[%t] : memref<128xi32, #sh>
    %w = memref.load %s[%other] : memref<128xi32, #sh> // reported
    memref.store %w, %y[%t] : memref<128xi32>
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      workgroup(%s: memref<128xi32, #sh> {llvm.align = 128 : i64})
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %c127 = arith.constant 127 : index
    %other = arith.subi %c127, %t : index
    %v = memref.load %x[%t] : memref<128xi32>
    memref.store %v, %s[%t] : memref<128xi32, #sh>
    gpu.barrier
    memref.store %v, %s[%t] : memref<128xi32, #sh>
    gpu.barrier // between
    %w = memref.load %s[%other] : memref<128xi32, #sh>
    memref.store %w, %y[%t] : memref<128xi32>
    gpu.return
  }
}

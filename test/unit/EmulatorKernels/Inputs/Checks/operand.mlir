// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %id = arith.constant 16 : i32
    %all = arith.constant 128 : i32
    nvvm.barrier id = %id number_of_threads = %all // reported
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %id = arith.constant 15 : i32
    %all = arith.constant 128 : i32
    nvvm.barrier id = %id number_of_threads = %all
    gpu.return
  }
}

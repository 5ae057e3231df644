// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %five = arith.constant 5 : index
    %is = arith.cmpi eq, %t, %five : index
    scf.if %is {
      "llvm.intr.trap"() : () -> () // reported
    }
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %five = arith.constant 500 : index
    %is = arith.cmpi eq, %t, %five : index
    scf.if %is {
      "llvm.intr.trap"() : () -> ()
    }
    gpu.return
  }
}

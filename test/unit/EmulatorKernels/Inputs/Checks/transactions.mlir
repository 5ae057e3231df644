// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      %token = nvvm.mbarrier.arrive %bar, %two : !llvm.ptr<3> -> i64 // reported
    }
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : i32
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %two : !llvm.ptr<3>, i32
      %token = nvvm.mbarrier.arrive %bar, %two : !llvm.ptr<3> -> i64
    }
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %zero = arith.constant 0 : index
    %phase = arith.constant 0 : i32
    %count = arith.constant 129 : i32
    %ticks = arith.constant 1000 : i32
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %count : !llvm.ptr<3>, i32
    }
    gpu.barrier
    %token = nvvm.mbarrier.arrive %bar : !llvm.ptr<3> -> i64
    nvvm.mbarrier.try_wait.parity %bar, %phase, %ticks : !llvm.ptr<3>, i32, i32 // reported
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %zero = arith.constant 0 : index
    %phase = arith.constant 0 : i32
    %count = arith.constant 128 : i32
    %ticks = arith.constant 1000 : i32
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %count : !llvm.ptr<3>, i32
    }
    gpu.barrier
    %token = nvvm.mbarrier.arrive %bar : !llvm.ptr<3> -> i64
    nvvm.mbarrier.try_wait.parity %bar, %phase, %ticks : !llvm.ptr<3>, i32, i32
    gpu.return
  }
}

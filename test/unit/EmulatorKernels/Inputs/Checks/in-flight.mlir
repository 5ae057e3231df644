// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<2048 x i8>
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %place = memref.extract_aligned_pointer_as_index %x : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %from = llvm.inttoptr %number : i64 to !llvm.ptr<1>
    %n = arith.index_cast %t : index to i32
    %dst = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %src = llvm.getelementptr %from[%n] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    nvvm.cp.async.shared.global %dst, %src, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    %v = llvm.load %dst : !llvm.ptr<3> -> i32 // reported
    memref.store %v, %y[%t] : memref<128xi32>
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %place = memref.extract_aligned_pointer_as_index %x : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %from = llvm.inttoptr %number : i64 to !llvm.ptr<1>
    %n = arith.index_cast %t : index to i32
    %dst = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %src = llvm.getelementptr %from[%n] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    nvvm.cp.async.shared.global %dst, %src, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    nvvm.cp.async.wait.group 0
    %v = llvm.load %dst : !llvm.ptr<3> -> i32
    memref.store %v, %y[%t] : memref<128xi32>
    gpu.return
  }
}

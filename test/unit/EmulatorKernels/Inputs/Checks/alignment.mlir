// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %n = arith.index_cast %t : index to i64
    %two = arith.constant 2 : i64
    %bytes = arith.muli %n, %two : i64
    %place = memref.extract_aligned_pointer_as_index %x : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %sum = arith.addi %number, %bytes : i64
    %p = llvm.inttoptr %sum : i64 to !llvm.ptr
    %v = llvm.load %p : !llvm.ptr -> i32 // reported
    memref.store %v, %y[%t] : memref<128xi32>
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %n = arith.index_cast %t : index to i64
    %four = arith.constant 4 : i64
    %bytes = arith.muli %n, %four : i64
    %place = memref.extract_aligned_pointer_as_index %x : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %sum = arith.addi %number, %bytes : i64
    %p = llvm.inttoptr %sum : i64 to !llvm.ptr
    %v = llvm.load %p : !llvm.ptr -> i32
    memref.store %v, %y[%t] : memref<128xi32>
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %place = memref.extract_aligned_pointer_as_index %y : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %flag = llvm.inttoptr %number : i64 to !llvm.ptr
    %one = arith.constant 1 : i32
    scf.while : () -> () {
      %v = llvm.load %flag atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr -> i32
      %wait = arith.cmpi ne, %v, %one : i32
      scf.condition(%wait)
    } do {
      scf.yield
    }
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %place = memref.extract_aligned_pointer_as_index %y : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %flag = llvm.inttoptr %number : i64 to !llvm.ptr
    %one = arith.constant 1 : i32
    %zero = arith.constant 0 : index
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      llvm.store %one, %flag atomic syncscope("device") release {alignment = 4 : i64} : i32, !llvm.ptr
    }
    scf.while : () -> () {
      %v = llvm.load %flag atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr -> i32
      %wait = arith.cmpi ne, %v, %one : i32
      scf.condition(%wait)
    } do {
      scf.yield
    }
    gpu.return
  }
}

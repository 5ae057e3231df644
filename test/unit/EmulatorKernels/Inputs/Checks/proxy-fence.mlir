// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<2048 x i8>
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %place = memref.extract_aligned_pointer_as_index %y : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %to = llvm.inttoptr %number : i64 to !llvm.ptr<1>
    %n = arith.index_cast %t : index to i32
    %own = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    llvm.store %n, %own : i32, !llvm.ptr<3>
    gpu.barrier
    %zero = arith.constant 0 : index
    %bytes = arith.constant 512 : i32
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      nvvm.cp.async.bulk.global.shared.cta %to, %tile, %bytes : !llvm.ptr<1>, !llvm.ptr<3> // reported
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0
    }
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %place = memref.extract_aligned_pointer_as_index %y : memref<128xi32> -> index
    %number = arith.index_cast %place : index to i64
    %to = llvm.inttoptr %number : i64 to !llvm.ptr<1>
    %n = arith.index_cast %t : index to i32
    %own = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    llvm.store %n, %own : i32, !llvm.ptr<3>
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier
    %zero = arith.constant 0 : index
    %bytes = arith.constant 512 : i32
    %first = arith.cmpi eq, %t, %zero : index
    scf.if %first {
      nvvm.cp.async.bulk.global.shared.cta %to, %tile, %bytes : !llvm.ptr<1>, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0
    }
    gpu.return
  }
}

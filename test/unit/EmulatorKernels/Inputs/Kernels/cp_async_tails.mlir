// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Copies 1003 bytes in pieces of 16, the last one short, and those after it empty: the rest is zero.
gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<1024 x i8>
  gpu.func @cp_async_tails(%from: !llvm.ptr<1>, %out: memref<256xi32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c16 = arith.constant 16 : i32
    %c0 = arith.constant 0 : i32
    %c4 = arith.constant 4 : index
    %c0i = arith.constant 0 : index
    %c1i = arith.constant 1 : index
    %bytes = arith.constant 1003 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %tid = gpu.thread_id x
    %t = arith.index_cast %tid : index to i32
    %offset = arith.muli %t, %c16 : i32
    %left = arith.subi %bytes, %offset : i32
    %some = arith.maxsi %left, %c0 : i32
    %size = arith.minsi %some, %c16 : i32
    %dst = llvm.getelementptr %tile[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
    %src = llvm.getelementptr %from[%offset] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
    nvvm.cp.async.shared.global %dst, %src, 16, cache = cg, %size : !llvm.ptr<3>, !llvm.ptr<1>, i32
    nvvm.cp.async.commit.group
    nvvm.cp.async.wait.group 0
    gpu.barrier // copied
    %c63 = arith.constant 63 : index
    %back = arith.subi %c63, %tid : index // what another thread copied
    %first = arith.muli %back, %c4 : index
    scf.for %i = %c0i to %c4 step %c1i {
      %at = arith.addi %first, %i : index
      %n = arith.index_cast %at : index to i32
      %p = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      %v = llvm.load %p : !llvm.ptr<3> -> i32
      memref.store %v, %out[%at] : memref<256xi32>
    }
    gpu.return
  }
}

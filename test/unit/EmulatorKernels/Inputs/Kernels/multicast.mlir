// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Each block of a cluster loads one row by TMA for all blocks; every block then has all rows.
gpu.module @m {
  llvm.mlir.global internal @rows() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<128 x f32>
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  gpu.func @multicast_2(%map: !llvm.ptr, %out: memref<4x2x32xf32>)
      kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_cluster_size = array<i32: 2, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant 2 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %row_bytes = arith.constant 128 : i32
    %bytes = arith.constant 256 : i32
    %everyone = arith.constant 3 : i16
    %ticks = arith.constant 1000000 : i32
    %rows = llvm.mlir.addressof @rows : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %row = arith.index_cast %b : index to i32
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
    }
    nvvm.cluster.arrive // all have mbarriers
    nvvm.cluster.wait
    scf.if %first {
      %offset = arith.muli %rank, %row_bytes : i32
      %slot = llvm.getelementptr %rows[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      %there = llvm.addrspacecast %slot : !llvm.ptr<3> to !llvm.ptr<7>
      nvvm.cp.async.bulk.tensor.shared.cluster.global %there, %map, %bar, box [%zero, %row] multicast_mask = %everyone : !llvm.ptr<7>, !llvm.ptr
    }
    nvvm.mbarrier.try_wait.parity %bar, %zero, %ticks : !llvm.ptr<3>, i32, i32
    scf.for %i = %c0 to %n step %c1 {
      %c32 = arith.constant 32 : index
      %begin = arith.muli %i, %c32 : index
      %at = arith.addi %begin, %t : index
      %an = arith.index_cast %at : index to i32
      %p = llvm.getelementptr %rows[%an] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %p : !llvm.ptr<3> -> f32
      memref.store %v, %out[%b, %i, %t] : memref<4x2x32xf32>
    }
    nvvm.cluster.arrive // nobody leaves early
    nvvm.cluster.wait
    gpu.return
  }
  gpu.func @multicast_4(%map: !llvm.ptr, %out: memref<8x4x32xf32>)
      kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_cluster_size = array<i32: 4, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant 4 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %row_bytes = arith.constant 128 : i32
    %bytes = arith.constant 512 : i32
    %everyone = arith.constant 15 : i16
    %ticks = arith.constant 1000000 : i32
    %rows = llvm.mlir.addressof @rows : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %row = arith.index_cast %b : index to i32
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
    }
    nvvm.cluster.arrive // all have mbarriers
    nvvm.cluster.wait
    scf.if %first {
      %offset = arith.muli %rank, %row_bytes : i32
      %slot = llvm.getelementptr %rows[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      %there = llvm.addrspacecast %slot : !llvm.ptr<3> to !llvm.ptr<7>
      nvvm.cp.async.bulk.tensor.shared.cluster.global %there, %map, %bar, box [%zero, %row] multicast_mask = %everyone : !llvm.ptr<7>, !llvm.ptr
    }
    nvvm.mbarrier.try_wait.parity %bar, %zero, %ticks : !llvm.ptr<3>, i32, i32
    scf.for %i = %c0 to %n step %c1 {
      %c32 = arith.constant 32 : index
      %begin = arith.muli %i, %c32 : index
      %at = arith.addi %begin, %t : index
      %an = arith.index_cast %at : index to i32
      %p = llvm.getelementptr %rows[%an] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %p : !llvm.ptr<3> -> f32
      memref.store %v, %out[%b, %i, %t] : memref<8x4x32xf32>
    }
    nvvm.cluster.arrive // nobody leaves early
    nvvm.cluster.wait
    gpu.return
  }
}

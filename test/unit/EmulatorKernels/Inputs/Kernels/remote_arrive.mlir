// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Four blocks write into the shared memory of the first and arrive on its mbarrier, which alone it
// waits for.
gpu.module @m {
  llvm.mlir.global internal @rows() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<128 x i32>
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  gpu.func @remote_arrive(%x: memref<8x32xi32>, %out: memref<2x32xi32>)
      kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_cluster_size = array<i32: 4, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c31 = arith.constant 31 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant 0 : i32
    %width = arith.constant 32 : i32
    %arrivals = arith.constant 128 : i32
    %rows = llvm.mlir.addressof @rows : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %arrivals : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
    }
    nvvm.cluster.arrive // mbarrier made
    nvvm.cluster.wait
    %v = memref.load %x[%b, %t] : memref<8x32xi32>
    %n = arith.index_cast %t : index to i32
    %row = arith.muli %rank, %width : i32
    %at = arith.addi %row, %n : i32
    %place = llvm.getelementptr %rows[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %there = nvvm.mapa %place, %zero : !llvm.ptr<3> -> !llvm.ptr<7>
    %remote = nvvm.mapa %bar, %zero : !llvm.ptr<3> -> !llvm.ptr<7>
    llvm.store %v, %there : i32, !llvm.ptr<7>
    nvvm.mbarrier.arrive %remote {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<7>
    %reads = arith.cmpi eq, %rank, %zero : i32
    scf.if %reads {
      scf.while : () -> () {
        %done = nvvm.mbarrier.try_wait %bar, %zero {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<3>, i32 -> i1
        %true = arith.constant true
        %wait = arith.xori %done, %true : i1
        scf.condition(%wait)
      } do {
        scf.yield
      }
      %mirror = arith.subi %c31, %t : index
      %sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%part = %zero) -> i32 {
        %begin = arith.muli %i, %c32 : index
        %from = arith.addi %begin, %mirror : index
        %fn = arith.index_cast %from : index to i32
        %p = llvm.getelementptr %rows[%fn] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
        %w = llvm.load %p : !llvm.ptr<3> -> i32
        %next = arith.addi %part, %w : i32
        scf.yield %next : i32
      }
      %cluster = arith.divui %b, %c4 : index
      memref.store %sum, %out[%cluster, %t] : memref<2x32xi32>
    }
    gpu.return
  }
}

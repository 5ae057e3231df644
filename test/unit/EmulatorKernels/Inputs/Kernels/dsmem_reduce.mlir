// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Sums over the four blocks of a cluster: each block adds up a quarter, out of the others' shared
// memory (mapa).
gpu.module @m {
  llvm.mlir.global internal @own() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<64 x i32>
  gpu.func @dsmem_reduce(%x: memref<8x64xi32>, %out: memref<2x64xi32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>, known_cluster_size = array<i32: 4, 1, 1>} {
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %four = arith.constant 4 : i32
    %own = llvm.mlir.addressof @own : !llvm.ptr<3>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %v = memref.load %x[%b, %t] : memref<8x64xi32>
    %n = arith.index_cast %t : index to i32
    %place = llvm.getelementptr %own[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    llvm.store %v, %place : i32, !llvm.ptr<3>
    nvvm.cluster.arrive // all written
    nvvm.cluster.wait
    %adds = arith.cmpi ult, %t, %c16 : index
    scf.if %adds {
      %sixteen = arith.index_cast %c16 : index to i32
      %quarter = arith.muli %rank, %sixteen : i32
      %at = arith.addi %quarter, %n : i32
      %mine = llvm.getelementptr %own[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      %sum = scf.for %i = %zero to %four step %one iter_args(%part = %zero) -> i32 : i32 {
        %theirs = nvvm.mapa %mine, %i : !llvm.ptr<3> -> !llvm.ptr<7>
        %w = llvm.load %theirs : !llvm.ptr<7> -> i32
        %next = arith.addi %part, %w : i32
        scf.yield %next : i32
      }
      %cluster = arith.divui %b, %c4 : index
      %col = arith.index_cast %at : i32 to index
      memref.store %sum, %out[%cluster, %col] : memref<2x64xi32>
    }
    nvvm.cluster.arrive // all read
    nvvm.cluster.wait
    gpu.return
  }
}

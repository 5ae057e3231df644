// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Warp 0 fills a ring of three stages, warp 1 drains it; a full and an empty mbarrier a stage.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @mbarrier_ring(%x: memref<10x32xi32>, %out: memref<32xi32>)
      workgroup(%s: memref<3x32xi32, #sh>, %bars: memref<6xi64, #sh>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c10 = arith.constant 10 : index
    %c31 = arith.constant 31 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %count = arith.constant 32 : i32
    %ticks = arith.constant 1000000 : i32
    %t = gpu.thread_id x
    %address = memref.extract_aligned_pointer_as_index %bars : memref<6xi64, #sh> -> index
    %number = arith.index_cast %address : index to i64
    %bar0 = llvm.inttoptr %number : i64 to !llvm.ptr<3>
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      scf.for %i = %c0 to %c3 step %c1 {
        %n = arith.index_cast %i : index to i64
        %full = llvm.getelementptr %bar0[%n] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i64
        %empty = llvm.getelementptr %full[3] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i64
        nvvm.mbarrier.init %full, %count : !llvm.ptr<3>, i32
        nvvm.mbarrier.init %empty, %count : !llvm.ptr<3>, i32
      }
    }
    gpu.barrier // made
    %lane = arith.remui %t, %c32 : index
    %other = arith.subi %c31, %lane : index
    %produces = arith.cmpi ult, %t, %c32 : index
    %sum = scf.for %i = %c0 to %c10 step %c1 iter_args(%part = %zero) -> i32 {
      %stage = arith.remui %i, %c3 : index
      %round = arith.divui %i, %c3 : index
      %turn = arith.index_cast %round : index to i32
      %phase = arith.andi %turn, %one : i32
      %before = arith.xori %phase, %one : i32
      %n = arith.index_cast %stage : index to i64
      %full = llvm.getelementptr %bar0[%n] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, i64
      %empty = llvm.getelementptr %full[3] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i64
      %next = scf.if %produces -> i32 {
        nvvm.mbarrier.try_wait.parity %empty, %before, %ticks : !llvm.ptr<3>, i32, i32
        %v = memref.load %x[%i, %lane] : memref<10x32xi32>
        memref.store %v, %s[%stage, %lane] : memref<3x32xi32, #sh>
        %token = nvvm.mbarrier.arrive %full : !llvm.ptr<3> -> i64
        scf.yield %part : i32
      } else {
        nvvm.mbarrier.try_wait.parity %full, %phase, %ticks : !llvm.ptr<3>, i32, i32
        %v = memref.load %s[%stage, %other] : memref<3x32xi32, #sh>
        %token = nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> i64
        %more = arith.addi %part, %v : i32
        scf.yield %more : i32
      }
      scf.yield %next : i32
    }
    %consumes = arith.cmpi uge, %t, %c32 : index
    scf.if %consumes {
      memref.store %sum, %out[%lane] : memref<32xi32>
    }
    gpu.return
  }
}

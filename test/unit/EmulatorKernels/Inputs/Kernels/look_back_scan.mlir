// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Inclusive sums over tiles of 64 (Merrill and Garland, decoupled look-back): blocks take tiles from
// a counter; a tile's state (1: its own sum, 2: the sum of all up to it) is packed with the sum.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @look_back_scan(%x: memref<6x64xi32>, %out: memref<6x64xi32>, %counter: !llvm.ptr, %states: !llvm.ptr)
      workgroup(%sums: memref<64xi32, #sh>, %broadcast: memref<2xi32, #sh>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c63 = arith.constant 63 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %high = arith.constant 32 : i64
    %own = arith.constant 1 : i64
    %total = arith.constant 2 : i64
    %none = arith.constant 0 : i64
    %t = gpu.thread_id x
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      %next = llvm.atomicrmw add %counter, %one syncscope("device") monotonic : !llvm.ptr, i32
      memref.store %next, %broadcast[%c0] : memref<2xi32, #sh>
    }
    gpu.barrier // tile known
    %number = memref.load %broadcast[%c0] : memref<2xi32, #sh>
    %tile = arith.index_cast %number : i32 to index
    %v = memref.load %x[%tile, %t] : memref<6x64xi32>
    memref.store %v, %sums[%t] : memref<64xi32, #sh>
    scf.while (%d = %c1) : (index) -> index {
      %more = arith.cmpi ult, %d, %c64 : index
      scf.condition(%more) %d : index
    } do {
    ^bb0(%d: index):
      gpu.barrier // step written
      %adds = arith.cmpi uge, %t, %d : index
      %a = memref.load %sums[%t] : memref<64xi32, #sh>
      %s = scf.if %adds -> i32 {
        %from = arith.subi %t, %d : index
        %b = memref.load %sums[%from] : memref<64xi32, #sh>
        %both = arith.addi %a, %b : i32
        scf.yield %both : i32
      } else {
        scf.yield %a : i32
      }
      gpu.barrier // step read
      memref.store %s, %sums[%t] : memref<64xi32, #sh>
      %e = arith.addi %d, %d : index
      scf.yield %e : index
    }
    gpu.barrier // scanned
    scf.if %first {
      %sum = memref.load %sums[%c63] : memref<64xi32, #sh>
      %wide = arith.extui %sum : i32 to i64
      %mark = arith.shli %own, %high : i64
      %state = arith.ori %mark, %wide : i64
      %at = arith.extui %number : i32 to i64
      %place = llvm.getelementptr %states[%at] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %state, %place atomic syncscope("device") monotonic {alignment = 8 : i64} : i64, !llvm.ptr
      %before:2 = scf.while (%i = %at, %part = %zero) : (i64, i32) -> (i64, i32) {
        %more = arith.cmpi ne, %i, %none : i64
        scf.condition(%more) %i, %part : i64, i32
      } do {
      ^bb0(%i: i64, %part: i32):
        %j = arith.subi %i, %own : i64
        %there = llvm.getelementptr %states[%j] : (!llvm.ptr, i64) -> !llvm.ptr, i64
        %seen = llvm.load %there atomic syncscope("device") monotonic {alignment = 8 : i64} : !llvm.ptr -> i64
        %is = arith.shrui %seen, %high : i64
        %empty = arith.cmpi eq, %is, %none : i64
        %r:2 = scf.if %empty -> (i64, i32) {
          scf.yield %i, %part : i64, i32
        } else {
          %bits = arith.trunci %seen : i64 to i32
          %both = arith.addi %part, %bits : i32
          %stop = arith.cmpi eq, %is, %total : i64
          %k = arith.select %stop, %none, %j : i64
          scf.yield %k, %both : i64, i32
        }
        scf.yield %r#0, %r#1 : i64, i32
      }
      %up = arith.addi %before#1, %sum : i32
      %uw = arith.extui %up : i32 to i64
      %um = arith.shli %total, %high : i64
      %us = arith.ori %um, %uw : i64
      llvm.store %us, %place atomic syncscope("device") monotonic {alignment = 8 : i64} : i64, !llvm.ptr
      memref.store %before#1, %broadcast[%c1] : memref<2xi32, #sh>
    }
    gpu.barrier // looked back
    %prefix = memref.load %broadcast[%c1] : memref<2xi32, #sh>
    %inner = memref.load %sums[%t] : memref<64xi32, #sh>
    %result = arith.addi %prefix, %inner : i32
    memref.store %result, %out[%tile, %t] : memref<6x64xi32>
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Twice, every block hands what it has to the next block, a barrier of the whole grid between.
gpu.module @m {
  gpu.func @grid_barrier(%x: memref<6x32xi32>, %mid: memref<2x6x32xi32>, %out: memref<6x32xi32>, %count: !llvm.ptr)
      kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %one = arith.constant 1 : i32
    %three = arith.constant 3 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %blocks = gpu.grid_dim x
    %after = arith.addi %b, %c1 : index
    %next = arith.remui %after, %blocks : index
    %first = arith.cmpi eq, %t, %c0 : index
    %n = arith.index_cast %blocks : index to i32
    %v0 = memref.load %x[%b, %t] : memref<6x32xi32>
    %r:2 = scf.for %i = %c0 to %c2 step %c1 iter_args(%v = %v0, %target = %n) -> (i32, i32) {
      %w = arith.muli %v, %three : i32
      memref.store %w, %mid[%i, %b, %t] : memref<2x6x32xi32>
      gpu.barrier // written
      scf.if %first {
        %old = llvm.atomicrmw add %count, %one syncscope("device") acq_rel : !llvm.ptr, i32
        scf.while : () -> () {
          %seen = llvm.load %count atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr -> i32
          %wait = arith.cmpi ult, %seen, %target : i32
          scf.condition(%wait)
        } do {
          scf.yield
        }
      }
      gpu.barrier // everybody was there
      %got = memref.load %mid[%i, %next, %t] : memref<2x6x32xi32>
      %twice = arith.addi %target, %n : i32
      scf.yield %got, %twice : i32, i32
    }
    memref.store %r#0, %out[%b, %t] : memref<6x32xi32>
    gpu.return
  }
}

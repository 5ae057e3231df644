// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Four blocks sum their rows and add them to one result, in the order of blocks (a semaphore).
gpu.module @m {
  gpu.func @split_k(%x: memref<4x8x64xf32>, %out: memref<64xf32>, %semaphore: !llvm.ptr)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %turn = arith.index_cast %b : index to i32
    %first = arith.cmpi eq, %t, %c0 : index
    %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%part = %zero) -> f32 {
      %v = memref.load %x[%b, %i, %t] : memref<4x8x64xf32>
      %next = arith.addf %part, %v : f32
      scf.yield %next : f32
    }
    scf.if %first {
      scf.while : () -> () {
        %seen = llvm.load %semaphore atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr -> i32
        %wait = arith.cmpi ne, %seen, %turn : i32
        scf.condition(%wait)
      } do {
        scf.yield
      }
    }
    gpu.barrier // our turn
    %start = arith.cmpi eq, %b, %c0 : index
    %before = scf.if %start -> f32 {
      scf.yield %zero : f32
    } else {
      %old = memref.load %out[%t] : memref<64xf32>
      scf.yield %old : f32
    }
    %all = arith.addf %before, %sum : f32
    memref.store %all, %out[%t] : memref<64xf32>
    gpu.barrier // added
    scf.if %first {
      %after = arith.addi %turn, %one : i32
      nvvm.memory.barrier <gpu>
      llvm.store %after, %semaphore atomic syncscope("device") monotonic {alignment = 4 : i64} : i32, !llvm.ptr
    }
    gpu.return
  }
}

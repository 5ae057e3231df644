// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[32x32] = A[32x48] B[48x32], tiles of 16x16 staged in shared memory.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @tiled_matmul(%A: memref<32x48xf32>, %B: memref<48x32xf32>, %C: memref<32x32xf32>)
      workgroup(%sa: memref<16x16xf32, #sh>, %sb: memref<16x16xf32, #sh>)
      kernel attributes {known_block_size = array<i32: 16, 16, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c48 = arith.constant 48 : index
    %zero = arith.constant 0.0 : f32
    %tx = gpu.thread_id x
    %ty = gpu.thread_id y
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %row0 = arith.muli %by, %c16 : index
    %col0 = arith.muli %bx, %c16 : index
    %row = arith.addi %row0, %ty : index
    %col = arith.addi %col0, %tx : index
    %sum = scf.for %k = %c0 to %c48 step %c16 iter_args(%outer = %zero) -> f32 {
      %ka = arith.addi %k, %tx : index
      %kb = arith.addi %k, %ty : index
      %a = memref.load %A[%row, %ka] : memref<32x48xf32>
      %b = memref.load %B[%kb, %col] : memref<48x32xf32>
      memref.store %a, %sa[%ty, %tx] : memref<16x16xf32, #sh>
      memref.store %b, %sb[%ty, %tx] : memref<16x16xf32, #sh>
      gpu.barrier // filled
      %inner = scf.for %i = %c0 to %c16 step %c1 iter_args(%part = %outer) -> f32 {
        %x = memref.load %sa[%ty, %i] : memref<16x16xf32, #sh>
        %y = memref.load %sb[%i, %tx] : memref<16x16xf32, #sh>
        %product = arith.mulf %x, %y : f32
        %next = arith.addf %part, %product : f32
        scf.yield %next : f32
      }
      gpu.barrier // read
      scf.yield %inner : f32
    }
    memref.store %sum, %C[%row, %col] : memref<32x32xf32>
    gpu.return
  }
}

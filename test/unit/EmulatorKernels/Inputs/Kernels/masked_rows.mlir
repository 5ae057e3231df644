// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// y = max(x, 0) + row number, over 5 rows of 37: no bound is a multiple of the block's 16x4 threads.
gpu.module @m {
  gpu.func @masked_rows(%x: memref<5x37xf32>, %y: memref<5x37xf32>)
      kernel attributes {known_block_size = array<i32: 16, 4, 1>} {
    %c5 = arith.constant 5 : index
    %c37 = arith.constant 37 : index
    %zero = arith.constant 0.0 : f32
    %tx = gpu.thread_id x
    %ty = gpu.thread_id y
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %nx = gpu.block_dim x
    %ny = gpu.block_dim y
    %col0 = arith.muli %bx, %nx : index
    %row0 = arith.muli %by, %ny : index
    %col = arith.addi %col0, %tx : index
    %row = arith.addi %row0, %ty : index
    %in_row = arith.cmpi ult, %col, %c37 : index
    %in_column = arith.cmpi ult, %row, %c5 : index
    %inside = arith.andi %in_row, %in_column : i1
    scf.if %inside {
      %v = memref.load %x[%row, %col] : memref<5x37xf32>
      %m = arith.maximumf %v, %zero : f32
      %i = arith.index_cast %row : index to i32
      %f = arith.sitofp %i : i32 to f32
      %r = arith.addf %m, %f : f32
      memref.store %r, %y[%row, %col] : memref<5x37xf32>
    }
    gpu.return
  }
}

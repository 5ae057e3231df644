// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Quotients and remainders, signed and unsigned, 32 and 64 bits wide.
gpu.module @m {
  gpu.func @int_division(%a: memref<64xi32>, %b: memref<64xi32>, %out: memref<6x64xi32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %shift = arith.constant 7 : i64
    %t = gpu.thread_id x
    %x = memref.load %a[%t] : memref<64xi32>
    %y = memref.load %b[%t] : memref<64xi32>
    %q = arith.divsi %x, %y : i32
    %r = arith.remsi %x, %y : i32
    %uq = arith.divui %x, %y : i32
    %ur = arith.remui %x, %y : i32
    %wide = arith.extsi %x : i32 to i64
    %wx = arith.shli %wide, %shift : i64
    %wy = arith.extsi %y : i32 to i64
    %wq = arith.divsi %wx, %wy : i64
    %wr = arith.remsi %wx, %wy : i64
    %nq = arith.trunci %wq : i64 to i32
    %nr = arith.trunci %wr : i64 to i32
    memref.store %q, %out[%c0, %t] : memref<6x64xi32>
    memref.store %r, %out[%c1, %t] : memref<6x64xi32>
    memref.store %uq, %out[%c2, %t] : memref<6x64xi32>
    memref.store %ur, %out[%c3, %t] : memref<6x64xi32>
    memref.store %nq, %out[%c4, %t] : memref<6x64xi32>
    memref.store %nr, %out[%c5, %t] : memref<6x64xi32>
    gpu.return
  }
}

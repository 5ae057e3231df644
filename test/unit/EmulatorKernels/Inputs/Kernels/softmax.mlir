// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// One row of 256 a block: softmax by warp shuffles and a shared exchange, exp of libdevice; blocks
// add up what is left of the row's sum, 1 each, by a float atomic.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @softmax(%X: memref<6x256xf32>, %Y: memref<6x256xf32>, %total: memref<1xf32>)
      workgroup(%maxima: memref<8xf32, #sh>, %sums: memref<8xf32, #sh>)
      kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %c8 = arith.constant 8 : index
    %c32 = arith.constant 32 : index
    %width = arith.constant 32 : i32
    %half = arith.constant 16 : i32
    %shift = arith.constant 1 : i32
    %least = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %t = gpu.thread_id x
    %row = gpu.block_id x
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %first = arith.cmpi eq, %lane, %c0 : index
    %x = memref.load %X[%row, %t] : memref<6x256xf32>
    %m:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%v = %x, %o = %half) -> (f32, i32) {
      %other, %valid = gpu.shuffle xor %v, %o, %width : f32
      %n = arith.maximumf %v, %other : f32
      %p = arith.shrui %o, %shift : i32
      scf.yield %n, %p : f32, i32
    }
    scf.if %first {
      memref.store %m#0, %maxima[%warp] : memref<8xf32, #sh>
    }
    gpu.barrier // maxima
    %maximum = scf.for %i = %c0 to %c8 step %c1 iter_args(%v = %least) -> f32 {
      %other = memref.load %maxima[%i] : memref<8xf32, #sh>
      %n = arith.maximumf %v, %other : f32
      scf.yield %n : f32
    }
    %d = arith.subf %x, %maximum : f32
    %e = math.exp %d : f32
    %s:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%v = %e, %o = %half) -> (f32, i32) {
      %other, %valid = gpu.shuffle down %v, %o, %width : f32
      %n = arith.addf %v, %other : f32
      %p = arith.shrui %o, %shift : i32
      scf.yield %n, %p : f32, i32
    }
    scf.if %first {
      memref.store %s#0, %sums[%warp] : memref<8xf32, #sh>
    }
    gpu.barrier // sums
    %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%v = %zero) -> f32 {
      %other = memref.load %sums[%i] : memref<8xf32, #sh>
      %n = arith.addf %v, %other : f32
      scf.yield %n : f32
    }
    %y = arith.divf %e, %sum : f32
    memref.store %y, %Y[%row, %t] : memref<6x256xf32>
    %old = memref.atomic_rmw addf %y, %total[%c0] : (f32, memref<1xf32>) -> f32
    gpu.return
  }
}

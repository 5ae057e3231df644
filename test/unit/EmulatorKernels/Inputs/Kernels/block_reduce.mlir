// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Sum, minimum and bits of 256 integers: redux within warps, shared memory between, shuffles last.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @block_reduce(%x: memref<4x256xi32>, %out: memref<4x3xi32>)
      workgroup(%parts: memref<3x8xi32, #sh>)
      kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c8 = arith.constant 8 : index
    %c32 = arith.constant 32 : index
    %all = arith.constant -1 : i32
    %eight = arith.constant 0xff : i32
    %four = arith.constant 4 : i32
    %shift = arith.constant 1 : i32
    %clamp = arith.constant 31 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %first = arith.cmpi eq, %lane, %c0 : index
    %v = memref.load %x[%b, %t] : memref<4x256xi32>
    %sum = nvvm.redux.sync add %v, %all : i32 -> i32
    %min = nvvm.redux.sync min %v, %all : i32 -> i32
    %or = nvvm.redux.sync or %v, %all : i32 -> i32
    scf.if %first {
      memref.store %sum, %parts[%c0, %warp] : memref<3x8xi32, #sh>
      memref.store %min, %parts[%c1, %warp] : memref<3x8xi32, #sh>
      memref.store %or, %parts[%c2, %warp] : memref<3x8xi32, #sh>
    }
    gpu.barrier // parts
    %last = arith.cmpi ult, %t, %c8 : index
    scf.if %last {
      %s = memref.load %parts[%c0, %t] : memref<3x8xi32, #sh>
      %m = memref.load %parts[%c1, %t] : memref<3x8xi32, #sh>
      %o = memref.load %parts[%c2, %t] : memref<3x8xi32, #sh>
      %r:4 = scf.for %i = %c0 to %c3 step %c1 iter_args(%rs = %s, %rm = %m, %ro = %o, %d = %four) -> (i32, i32, i32, i32) {
        %s1 = nvvm.shfl.sync bfly %eight, %rs, %d, %clamp : i32 -> i32
        %m1 = nvvm.shfl.sync bfly %eight, %rm, %d, %clamp : i32 -> i32
        %o1 = nvvm.shfl.sync bfly %eight, %ro, %d, %clamp : i32 -> i32
        %s2 = arith.addi %rs, %s1 : i32
        %m2 = arith.minsi %rm, %m1 : i32
        %o2 = arith.ori %ro, %o1 : i32
        %e = arith.shrui %d, %shift : i32
        scf.yield %s2, %m2, %o2, %e : i32, i32, i32, i32
      }
      %writes = arith.cmpi eq, %t, %c0 : index
      scf.if %writes {
        memref.store %r#0, %out[%b, %c0] : memref<4x3xi32>
        memref.store %r#1, %out[%b, %c1] : memref<4x3xi32>
        memref.store %r#2, %out[%b, %c2] : memref<4x3xi32>
      }
    }
    gpu.return
  }
}

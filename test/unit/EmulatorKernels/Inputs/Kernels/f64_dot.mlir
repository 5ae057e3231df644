// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A dot product in double precision: each warp's part through a shared tree.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @f64_dot(%a: memref<256xf64>, %b: memref<256xf64>, %out: memref<1xf64>)
      workgroup(%s: memref<64xf64, #sh>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %c256 = arith.constant 256 : index
    %zero = arith.constant 0.0 : f64
    %t = gpu.thread_id x
    %own = scf.for %i = %t to %c256 step %c64 iter_args(%sum = %zero) -> f64 {
      %x = memref.load %a[%i] : memref<256xf64>
      %y = memref.load %b[%i] : memref<256xf64>
      %next = math.fma %x, %y, %sum : f64
      scf.yield %next : f64
    }
    memref.store %own, %s[%t] : memref<64xf64, #sh>
    scf.while (%half = %c32) : (index) -> index {
      %more = arith.cmpi ugt, %half, %c0 : index
      scf.condition(%more) %half : index
    } do {
    ^bb0(%half: index):
      gpu.barrier
      %adds = arith.cmpi ult, %t, %half : index
      scf.if %adds {
        %other = arith.addi %t, %half : index
        %x = memref.load %s[%t] : memref<64xf64, #sh>
        %y = memref.load %s[%other] : memref<64xf64, #sh>
        %sum = arith.addf %x, %y : f64
        memref.store %sum, %s[%t] : memref<64xf64, #sh>
      }
      %next = arith.shrui %half, %c1 : index
      scf.yield %next : index
    }
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      %sum = memref.load %s[%c0] : memref<64xf64, #sh>
      memref.store %sum, %out[%c0] : memref<1xf64>
    }
    gpu.return
  }
}

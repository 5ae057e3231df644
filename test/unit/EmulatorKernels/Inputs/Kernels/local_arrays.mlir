// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Each thread sorts eight numbers in an array of its own.
gpu.module @m {
  gpu.func @local_arrays(%x: memref<64x8xi32>, %y: memref<64x8xi32>)
      private(%own: memref<8xi32, #gpu.address_space<private>>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c7 = arith.constant 7 : index
    %c8 = arith.constant 8 : index
    %t = gpu.thread_id x
    scf.for %i = %c0 to %c8 step %c1 {
      %v = memref.load %x[%t, %i] : memref<64x8xi32>
      memref.store %v, %own[%i] : memref<8xi32, #gpu.address_space<private>>
    }
    scf.for %pass = %c0 to %c7 step %c1 {
      scf.for %i = %c0 to %c7 step %c1 {
        %next = arith.addi %i, %c1 : index
        %a = memref.load %own[%i] : memref<8xi32, #gpu.address_space<private>>
        %b = memref.load %own[%next] : memref<8xi32, #gpu.address_space<private>>
        %low = arith.minsi %a, %b : i32
        %high = arith.maxsi %a, %b : i32
        memref.store %low, %own[%i] : memref<8xi32, #gpu.address_space<private>>
        memref.store %high, %own[%next] : memref<8xi32, #gpu.address_space<private>>
      }
    }
    scf.for %i = %c0 to %c8 step %c1 {
      %v = memref.load %own[%i] : memref<8xi32, #gpu.address_space<private>>
      memref.store %v, %y[%t, %i] : memref<64x8xi32>
    }
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What each lane learns of its warp: any, all, uniform, ballot, match, and one elected lane's mark.
gpu.module @m {
  gpu.func @votes(%x: memref<64xi32>, %out: memref<7x64xi32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %mask = arith.constant -1 : i32
    %three = arith.constant 3 : i32
    %zero = arith.constant 0 : i32
    %t = gpu.thread_id x
    %v = memref.load %x[%t] : memref<64xi32>
    %low = arith.andi %v, %three : i32
    %p = arith.cmpi eq, %low, %zero : i32
    %any = nvvm.vote.sync any %mask, %p -> i1
    %all = nvvm.vote.sync all %mask, %p -> i1
    %uniform = nvvm.vote.sync uni %mask, %p -> i1
    %ballot = nvvm.vote.sync ballot %mask, %p -> i32
    %same = nvvm.match.sync any %mask, %low : i32 -> i32
    %everyone = nvvm.match.sync all %mask, %low : i32 -> !llvm.struct<(i32, i1)>
    %agreed = llvm.extractvalue %everyone[0] : !llvm.struct<(i32, i1)>
    %elected = nvvm.elect.sync -> i1
    %a = arith.extui %any : i1 to i32
    %b = arith.extui %all : i1 to i32
    %c = arith.extui %uniform : i1 to i32
    %e = arith.extui %elected : i1 to i32
    memref.store %a, %out[%c0, %t] : memref<7x64xi32>
    memref.store %b, %out[%c1, %t] : memref<7x64xi32>
    memref.store %c, %out[%c2, %t] : memref<7x64xi32>
    memref.store %ballot, %out[%c3, %t] : memref<7x64xi32>
    memref.store %same, %out[%c4, %t] : memref<7x64xi32>
    memref.store %agreed, %out[%c5, %t] : memref<7x64xi32>
    memref.store %e, %out[%c6, %t] : memref<7x64xi32>
    gpu.return
  }
}

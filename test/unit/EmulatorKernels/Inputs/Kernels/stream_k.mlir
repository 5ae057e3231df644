// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Three sums of four rows each, four blocks with three rows each: who has the first row of a sum
// waits for the partial sum of the block after it (release and acquire on a flag).
gpu.module @m {
  gpu.func @stream_k(%x: memref<12x32xi32>, %partial: memref<4x32xi32>, %flags: !llvm.ptr, %out: memref<3x32xi32>)
      kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %first = arith.cmpi eq, %t, %c0 : index
    %begin = arith.muli %b, %c3 : index
    %end = arith.addi %begin, %c3 : index
    %last = arith.subi %end, %c1 : index
    %following = arith.addi %b, %c1 : index
    %own = arith.index_cast %b : index to i64
    %other = arith.index_cast %following : index to i64
    %mine = llvm.getelementptr %flags[%own] : (!llvm.ptr, i64) -> !llvm.ptr, i32
    %theirs = llvm.getelementptr %flags[%other] : (!llvm.ptr, i64) -> !llvm.ptr, i32
    %left = scf.for %row = %begin to %end step %c1 iter_args(%part = %zero) -> i32 {
      %v = memref.load %x[%row, %t] : memref<12x32xi32>
      %sum = arith.addi %part, %v : i32
      %tile = arith.divui %row, %c4 : index
      %top = arith.muli %tile, %c4 : index
      %behind = arith.addi %row, %c1 : index
      %place = arith.remui %behind, %c4 : index
      %complete = arith.cmpi eq, %place, %c0 : index
      %final = arith.cmpi eq, %row, %last : index
      %ends = arith.ori %complete, %final : i1
      %owns = arith.cmpi uge, %top, %begin : index
      %rest = scf.if %ends -> i32 {
        scf.if %owns {
          %all = scf.if %complete -> i32 {
            scf.yield %sum : i32
          } else {
            scf.if %first {
              scf.while : () -> () {
                %flag = llvm.load %theirs atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr -> i32
                %wait = arith.cmpi eq, %flag, %zero : i32
                scf.condition(%wait)
              } do {
                scf.yield
              }
            }
            gpu.barrier // the partial sum is there
            %more = memref.load %partial[%following, %t] : memref<4x32xi32>
            %both = arith.addi %sum, %more : i32
            scf.yield %both : i32
          }
          memref.store %all, %out[%tile, %t] : memref<3x32xi32>
        } else {
          memref.store %sum, %partial[%b, %t] : memref<4x32xi32>
          gpu.barrier // written by all
          scf.if %first {
            llvm.store %one, %mine atomic syncscope("device") release {alignment = 4 : i64} : i32, !llvm.ptr
          }
        }
        scf.yield %zero : i32
      } else {
        scf.yield %sum : i32
      }
      scf.yield %rest : i32
    }
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// 32x32 halves from fragments to shared memory by stmatrix, in the order of a 64-byte swizzle, and
// from there to a tensor of 24 rows by TMA, which drops the other rows.
gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 512 : i64} : !llvm.array<1024 x f16>
  gpu.func @stmatrix_store(%map: !llvm.ptr, %x: memref<32x16xi32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant 0 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %t = gpu.thread_id x
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %top = arith.muli %warp, %c16 : index
    %quarter = arith.divui %lane, %c4 : index
    %pair = arith.remui %lane, %c4 : index
    %row = arith.addi %top, %quarter : index
    %row8 = arith.addi %row, %c8 : index
    %lane16 = arith.remui %lane, %c16 : index
    %lane_high = arith.divui %lane, %c16 : index
    %to_row = arith.addi %top, %lane16 : index
    %lines = arith.divui %to_row, %c2 : index
    %turn = arith.remui %lines, %c4 : index
    scf.for %half = %c0 to %c2 step %c1 {
      %words = arith.muli %half, %c8 : index
      %col = arith.addi %words, %pair : index
      %col4 = arith.addi %col, %c4 : index
      %a0 = memref.load %x[%row, %col] : memref<32x16xi32>
      %a1 = memref.load %x[%row8, %col] : memref<32x16xi32>
      %a2 = memref.load %x[%row, %col4] : memref<32x16xi32>
      %a3 = memref.load %x[%row8, %col4] : memref<32x16xi32>
      // Pieces of 16 bytes change places in each line of four.
      %pieces = arith.muli %half, %c2 : index
      %piece = arith.addi %pieces, %lane_high : index
      %place = arith.xori %piece, %turn : index
      %line = arith.muli %to_row, %c4 : index
      %at = arith.addi %line, %place : index
      %bytes = arith.muli %at, %c16 : index
      %n = arith.index_cast %bytes : index to i32
      %p = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      nvvm.stmatrix %p, %a0, %a1, %a2, %a3 {layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : !llvm.ptr<3>, i32, i32, i32, i32
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier // tile written
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.cp.async.bulk.tensor.global.shared.cta %map, %tile, box [%zero, %zero] : !llvm.ptr, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0 {read}
    }
    gpu.return
  }
}

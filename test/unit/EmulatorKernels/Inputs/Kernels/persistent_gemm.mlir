// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[256x32] = A[256x128] B[32x128] transposed, f16. Two blocks stay and take every other tile of 128x16.
// A producer warpgroup gives up registers, and one thread of it fills a ring of two stages by TMA;
// two consumer warpgroups multiply 64 rows each. Full and empty mbarriers go around for all tiles.
!acc = !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32)>
gpu.module @m {
  // A stage: 128 rows of A, 16 rows of B, 128 bytes each.
  llvm.mlir.global internal @stages() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<36864 x i8>
  llvm.mlir.global internal @bars() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<4 x i64>
  gpu.func @persistent_gemm(%mapA: !llvm.ptr, %mapB: !llvm.ptr, %C: memref<256x32xf32>)
      kernel attributes {known_block_size = array<i32: 384, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %tiles = arith.constant 4 : index
    %i0 = arith.constant 0 : i32
    %i1 = arith.constant 1 : i32
    %i2 = arith.constant 2 : i32
    %warps = arith.constant 8 : i32
    %ticks = arith.constant 1000000 : i32
    %stages = llvm.mlir.addressof @stages : !llvm.ptr<3>
    %bars = llvm.mlir.addressof @bars : !llvm.ptr<3>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %blocks = gpu.grid_dim x
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      scf.for %i = %i0 to %i2 step %i1 : i32 {
        %full = llvm.getelementptr %bars[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
        %empty = llvm.getelementptr %full[2] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i64
        nvvm.mbarrier.init %full, %i1 : !llvm.ptr<3>, i32
        nvvm.mbarrier.init %empty, %warps : !llvm.ptr<3>, i32
      }
      nvvm.fence.mbarrier.init
    }
    gpu.barrier // mbarriers made
    %group = arith.divui %t, %c128 : index
    %own = arith.remui %t, %c128 : index
    %produces = arith.cmpi eq, %group, %c0 : index
    scf.if %produces {
      nvvm.setmaxregister decrease 40
      scf.if %first {
        %end = scf.for %tile = %b to %tiles step %blocks iter_args(%turn = %i0) -> i32 {
          %tile_row = arith.divui %tile, %c2 : index
          %tile_col = arith.remui %tile, %c2 : index
          %y = arith.muli %tile_row, %c128 : index
          %x = arith.muli %tile_col, %c16 : index
          %a_row = arith.index_cast %y : index to i32
          %b_row = arith.index_cast %x : index to i32
          %after = scf.for %k = %i0 to %i2 step %i1 iter_args(%n = %turn) -> i32 : i32 {
            %bytes = arith.constant 18432 : i32
            %a_bytes = arith.constant 16384 : i32
            %box_k = arith.constant 64 : i32
            %stage = arith.remui %n, %i2 : i32
            %round = arith.divui %n, %i2 : i32
            %phase = arith.andi %round, %i1 : i32
            %before = arith.xori %phase, %i1 : i32
            %full = llvm.getelementptr %bars[%stage] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
            %empty = llvm.getelementptr %full[2] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i64
            nvvm.mbarrier.try_wait.parity %empty, %before, %ticks : !llvm.ptr<3>, i32, i32
            nvvm.mbarrier.arrive.expect_tx %full, %bytes : !llvm.ptr<3>, i32
            %offset = arith.muli %stage, %bytes : i32
            %a = llvm.getelementptr %stages[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
            %bt = llvm.getelementptr %a[%a_bytes] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
            %at_k = arith.muli %k, %box_k : i32
            nvvm.cp.async.bulk.tensor.shared.cluster.global %a, %mapA, %full, box [%at_k, %a_row] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
            nvvm.cp.async.bulk.tensor.shared.cluster.global %bt, %mapB, %full, box [%at_k, %b_row] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
            %next = arith.addi %n, %i1 : i32
            scf.yield %next : i32
          }
          scf.yield %after : i32
        }
      }
    } else {
      nvvm.setmaxregister increase 232
      %half = arith.subi %group, %c1 : index
      %half_row = arith.muli %half, %c64 : index
      %own_lane = arith.remui %own, %c32 : index
      %arrives = arith.cmpi eq, %own_lane, %c0 : index
      %zero = arith.constant 0.0 : f32
      %undef = llvm.mlir.undef : !acc
      %z0 = llvm.insertvalue %zero, %undef[0] : !acc
      %z1 = llvm.insertvalue %zero, %z0[1] : !acc
      %z2 = llvm.insertvalue %zero, %z1[2] : !acc
      %z3 = llvm.insertvalue %zero, %z2[3] : !acc
      %z4 = llvm.insertvalue %zero, %z3[4] : !acc
      %z5 = llvm.insertvalue %zero, %z4[5] : !acc
      %z6 = llvm.insertvalue %zero, %z5[6] : !acc
      %z7 = llvm.insertvalue %zero, %z6[7] : !acc
      %end = scf.for %tile = %b to %tiles step %blocks iter_args(%turn = %i0) -> i32 {
        %r, %after = scf.for %k = %i0 to %i2 step %i1 iter_args(%outer = %z7, %n = %turn) -> (!acc, i32) : i32 {
          %bytes = arith.constant 18432 : i32
          %stage = arith.remui %n, %i2 : i32
          %round = arith.divui %n, %i2 : i32
          %phase = arith.andi %round, %i1 : i32
          %full = llvm.getelementptr %bars[%stage] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
          %empty = llvm.getelementptr %full[2] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i64
          nvvm.mbarrier.try_wait.parity %full, %phase, %ticks : !llvm.ptr<3>, i32, i32
          %four = arith.constant 4 : i64
          // Swizzle of 128 bytes, 1024 bytes from eight rows to the next.
          %high = arith.constant 4611686293305360384 : i64
          %offset = arith.muli %stage, %bytes : i32
          %tile_a = llvm.getelementptr %stages[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %tile_b = llvm.getelementptr %tile_a[16384] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
          %rows = arith.index_cast %half_row : index to i32
          %line = arith.constant 128 : i32
          %skipped = arith.muli %rows, %line : i32
          %half_a = llvm.getelementptr %tile_a[%skipped] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %a_address = llvm.ptrtoint %half_a : !llvm.ptr<3> to i64
          %a_start = llvm.lshr %a_address, %four : i64
          %a0 = llvm.or %a_start, %high : i64
          %b_address = llvm.ptrtoint %tile_b : !llvm.ptr<3> to i64
          %b_start = llvm.lshr %b_address, %four : i64
          %b0 = llvm.or %b_start, %high : i64
          nvvm.wgmma.fence.aligned
          %steps = arith.constant 4 : i32
          %sum = scf.for %s = %i0 to %steps step %i1 iter_args(%acc = %outer) -> !acc : i32 {
            %units = arith.muli %s, %i2 : i32
            %wide = arith.extui %units : i32 to i64
            %da = arith.addi %a0, %wide : i64
            %db = arith.addi %b0, %wide : i64
            %part = nvvm.wgmma.mma_async %da, %db, %acc, <m = 64, n = 16, k = 16>, D [<f32>, <one>], A [<f16>, <one>, <row>], B [<f16>, <one>, <col>] : !acc -> !acc
            scf.yield %part : !acc
          }
          nvvm.wgmma.commit.group.sync.aligned
          nvvm.wgmma.wait.group.sync.aligned 0
          scf.if %arrives {
            %token = nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> i64
          }
          %next = arith.addi %n, %i1 : i32
          scf.yield %sum, %next : !acc, i32
        }
        %tile_row = arith.divui %tile, %c2 : index
        %tile_col = arith.remui %tile, %c2 : index
        %y = arith.muli %tile_row, %c128 : index
        %row0 = arith.addi %y, %half_row : index
        %col0 = arith.muli %tile_col, %c16 : index
        // A warp has 16 rows; a lane two columns of rows l/4 and l/4 + 8 of each 8 columns.
        %w = arith.divui %own, %c32 : index
        %lane = arith.remui %own, %c32 : index
        %w16 = arith.muli %w, %c16 : index
        %quarter = arith.divui %lane, %c4 : index
        %pair = arith.remui %lane, %c4 : index
        %wr = arith.addi %w16, %row0 : index
        %row = arith.addi %wr, %quarter : index
        %row8 = arith.addi %row, %c8 : index
        %pair2 = arith.muli %pair, %c2 : index
        %col = arith.addi %pair2, %col0 : index
        %col8 = arith.addi %col, %c8 : index
        %e0 = llvm.extractvalue %r[0] : !acc
        %e1 = llvm.extractvalue %r[1] : !acc
        %e2 = llvm.extractvalue %r[2] : !acc
        %e3 = llvm.extractvalue %r[3] : !acc
        %e4 = llvm.extractvalue %r[4] : !acc
        %e5 = llvm.extractvalue %r[5] : !acc
        %e6 = llvm.extractvalue %r[6] : !acc
        %e7 = llvm.extractvalue %r[7] : !acc
        %o00 = vector.from_elements %e0, %e1 : vector<2xf32>
        vector.store %o00, %C[%row, %col] : memref<256x32xf32>, vector<2xf32>
        %o01 = vector.from_elements %e2, %e3 : vector<2xf32>
        vector.store %o01, %C[%row8, %col] : memref<256x32xf32>, vector<2xf32>
        %o10 = vector.from_elements %e4, %e5 : vector<2xf32>
        vector.store %o10, %C[%row, %col8] : memref<256x32xf32>, vector<2xf32>
        %o11 = vector.from_elements %e6, %e7 : vector<2xf32>
        vector.store %o11, %C[%row8, %col8] : memref<256x32xf32>, vector<2xf32>
        scf.yield %after : i32
      }
    }
    gpu.return
  }
}

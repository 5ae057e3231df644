// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[64x16] = A[64x64] B[16x64] transposed, f16, both K-major, with each swizzle narrower than 128 bytes.
!acc = !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32)>
gpu.module @m {
  llvm.mlir.global internal @tileA() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<8192 x i8>
  llvm.mlir.global internal @tileB() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<2048 x i8>
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  // Rows of 64 bytes: 2 boxes of 64x32 of A and of 16x32 of B, 2 steps of 16 each.
  gpu.func @wgmma_64b(%mapA: !llvm.ptr, %mapB: !llvm.ptr, %C: memref<64x16xf32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %boxes = arith.constant 2 : i32
    %box_k = arith.constant 32 : i32
    %a_bytes = arith.constant 4096 : i32
    %b_bytes = arith.constant 1024 : i32
    %bytes = arith.constant 10240 : i32
    %i0 = arith.constant 0 : i32
    %i1 = arith.constant 1 : i32
    %ticks = arith.constant 1000000 : i32
    %four = arith.constant 4 : i64
    // Swizzle mode 2, 512 bytes from eight rows to the next.
    %high = arith.constant -9223371899415756800 : i64
    %tileA = llvm.mlir.addressof @tileA : !llvm.ptr<3>
    %tileB = llvm.mlir.addressof @tileB : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %i1 : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      scf.for %i = %i0 to %boxes step %i1 : i32 {
        %k = arith.muli %i, %box_k : i32
        %oa = arith.muli %i, %a_bytes : i32
        %ob = arith.muli %i, %b_bytes : i32
        %a = llvm.getelementptr %tileA[%oa] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %b = llvm.getelementptr %tileB[%ob] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        nvvm.cp.async.bulk.tensor.shared.cluster.global %a, %mapA, %bar, box [%k, %i0] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
        nvvm.cp.async.bulk.tensor.shared.cluster.global %b, %mapB, %bar, box [%k, %i0] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
      }
    }
    gpu.barrier // mbarrier made
    nvvm.mbarrier.try_wait.parity %bar, %i0, %ticks : !llvm.ptr<3>, i32, i32
    %a_address = llvm.ptrtoint %tileA : !llvm.ptr<3> to i64
    %a_start = llvm.lshr %a_address, %four : i64
    %a0 = llvm.or %a_start, %high : i64
    %b_address = llvm.ptrtoint %tileB : !llvm.ptr<3> to i64
    %b_start = llvm.lshr %b_address, %four : i64
    %b0 = llvm.or %b_start, %high : i64
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
    nvvm.wgmma.fence.aligned
    %r = scf.for %i = %i0 to %boxes step %i1 iter_args(%outer = %z7) -> !acc : i32 {
      %steps = arith.constant 2 : i32
      %inner = scf.for %s = %i0 to %steps step %i1 iter_args(%acc = %outer) -> !acc : i32 {
        // In units of 16 bytes: 32 bytes a step, a box's bytes a box.
        %a_box = arith.constant 256 : i32
        %b_box = arith.constant 64 : i32
        %two = arith.constant 2 : i32
        %sk = arith.muli %s, %two : i32
        %ai = arith.muli %i, %a_box : i32
        %bi = arith.muli %i, %b_box : i32
        %ao = arith.addi %ai, %sk : i32
        %bo = arith.addi %bi, %sk : i32
        %aw = arith.extui %ao : i32 to i64
        %bw = arith.extui %bo : i32 to i64
        %da = arith.addi %a0, %aw : i64
        %db = arith.addi %b0, %bw : i64
        %next = nvvm.wgmma.mma_async %da, %db, %acc, <m = 64, n = 16, k = 16>, D [<f32>, <one>], A [<f16>, <one>, <row>], B [<f16>, <one>, <col>] : !acc -> !acc
        scf.yield %next : !acc
      }
      scf.yield %inner : !acc
    }
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    // A warp has 16 rows; a lane two columns of rows l/4 and l/4 + 8 of each 8 columns.
    %w = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %w16 = arith.muli %w, %c16 : index
    %quarter = arith.divui %lane, %c4 : index
    %pair = arith.remui %lane, %c4 : index
    %row = arith.addi %w16, %quarter : index
    %row8 = arith.addi %row, %c8 : index
    %col = arith.muli %pair, %c2 : index
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
    vector.store %o00, %C[%row, %col] : memref<64x16xf32>, vector<2xf32>
    %o01 = vector.from_elements %e2, %e3 : vector<2xf32>
    vector.store %o01, %C[%row8, %col] : memref<64x16xf32>, vector<2xf32>
    %o10 = vector.from_elements %e4, %e5 : vector<2xf32>
    vector.store %o10, %C[%row, %col8] : memref<64x16xf32>, vector<2xf32>
    %o11 = vector.from_elements %e6, %e7 : vector<2xf32>
    vector.store %o11, %C[%row8, %col8] : memref<64x16xf32>, vector<2xf32>
    gpu.return
  }
  // Rows of 32 bytes: 4 boxes of 64x16 of A and of 16x16 of B, 1 steps of 16 each.
  gpu.func @wgmma_32b(%mapA: !llvm.ptr, %mapB: !llvm.ptr, %C: memref<64x16xf32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %boxes = arith.constant 4 : i32
    %box_k = arith.constant 16 : i32
    %a_bytes = arith.constant 2048 : i32
    %b_bytes = arith.constant 512 : i32
    %bytes = arith.constant 10240 : i32
    %i0 = arith.constant 0 : i32
    %i1 = arith.constant 1 : i32
    %ticks = arith.constant 1000000 : i32
    %four = arith.constant 4 : i64
    // Swizzle mode 3, 256 bytes from eight rows to the next.
    %high = arith.constant -4611685949707845632 : i64
    %tileA = llvm.mlir.addressof @tileA : !llvm.ptr<3>
    %tileB = llvm.mlir.addressof @tileB : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %i1 : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      scf.for %i = %i0 to %boxes step %i1 : i32 {
        %k = arith.muli %i, %box_k : i32
        %oa = arith.muli %i, %a_bytes : i32
        %ob = arith.muli %i, %b_bytes : i32
        %a = llvm.getelementptr %tileA[%oa] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %b = llvm.getelementptr %tileB[%ob] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        nvvm.cp.async.bulk.tensor.shared.cluster.global %a, %mapA, %bar, box [%k, %i0] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
        nvvm.cp.async.bulk.tensor.shared.cluster.global %b, %mapB, %bar, box [%k, %i0] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
      }
    }
    gpu.barrier // mbarrier made
    nvvm.mbarrier.try_wait.parity %bar, %i0, %ticks : !llvm.ptr<3>, i32, i32
    %a_address = llvm.ptrtoint %tileA : !llvm.ptr<3> to i64
    %a_start = llvm.lshr %a_address, %four : i64
    %a0 = llvm.or %a_start, %high : i64
    %b_address = llvm.ptrtoint %tileB : !llvm.ptr<3> to i64
    %b_start = llvm.lshr %b_address, %four : i64
    %b0 = llvm.or %b_start, %high : i64
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
    nvvm.wgmma.fence.aligned
    %r = scf.for %i = %i0 to %boxes step %i1 iter_args(%outer = %z7) -> !acc : i32 {
      %steps = arith.constant 1 : i32
      %inner = scf.for %s = %i0 to %steps step %i1 iter_args(%acc = %outer) -> !acc : i32 {
        // In units of 16 bytes: 32 bytes a step, a box's bytes a box.
        %a_box = arith.constant 128 : i32
        %b_box = arith.constant 32 : i32
        %two = arith.constant 2 : i32
        %sk = arith.muli %s, %two : i32
        %ai = arith.muli %i, %a_box : i32
        %bi = arith.muli %i, %b_box : i32
        %ao = arith.addi %ai, %sk : i32
        %bo = arith.addi %bi, %sk : i32
        %aw = arith.extui %ao : i32 to i64
        %bw = arith.extui %bo : i32 to i64
        %da = arith.addi %a0, %aw : i64
        %db = arith.addi %b0, %bw : i64
        %next = nvvm.wgmma.mma_async %da, %db, %acc, <m = 64, n = 16, k = 16>, D [<f32>, <one>], A [<f16>, <one>, <row>], B [<f16>, <one>, <col>] : !acc -> !acc
        scf.yield %next : !acc
      }
      scf.yield %inner : !acc
    }
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    // A warp has 16 rows; a lane two columns of rows l/4 and l/4 + 8 of each 8 columns.
    %w = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %w16 = arith.muli %w, %c16 : index
    %quarter = arith.divui %lane, %c4 : index
    %pair = arith.remui %lane, %c4 : index
    %row = arith.addi %w16, %quarter : index
    %row8 = arith.addi %row, %c8 : index
    %col = arith.muli %pair, %c2 : index
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
    vector.store %o00, %C[%row, %col] : memref<64x16xf32>, vector<2xf32>
    %o01 = vector.from_elements %e2, %e3 : vector<2xf32>
    vector.store %o01, %C[%row8, %col] : memref<64x16xf32>, vector<2xf32>
    %o10 = vector.from_elements %e4, %e5 : vector<2xf32>
    vector.store %o10, %C[%row, %col8] : memref<64x16xf32>, vector<2xf32>
    %o11 = vector.from_elements %e6, %e7 : vector<2xf32>
    vector.store %o11, %C[%row8, %col8] : memref<64x16xf32>, vector<2xf32>
    gpu.return
  }
}

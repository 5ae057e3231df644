// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[64x32] = A[64x64] B[32x64] transposed, bf16: two stages by cp.async, ldmatrix, mma.sync. A block of two warps
// makes 32x16 of C, 16 of k a step.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @gemm_bf16_nt(%A: memref<64x64xbf16>, %B: memref<32x64xbf16>, %C: memref<64x32xf32>)
      workgroup(%sa: memref<2x32x24xbf16, #sh> {llvm.align = 16 : i64}, %sb: memref<2x16x24xbf16, #sh> {llvm.align = 16 : i64})
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f32
    %t = gpu.thread_id x
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %m0 = arith.muli %by, %c32 : index
    %n0 = arith.muli %bx, %c16 : index
    // What this thread copies: 16 bytes of A; the first warp also of B.
    %half = arith.remui %t, %c2 : index
    %copy_row = arith.divui %t, %c2 : index
    %copy_col = arith.muli %half, %c8 : index
    %copies_b = arith.cmpi ult, %t, %c32 : index
    %a_row = arith.addi %m0, %copy_row : index
    %b_row = arith.addi %n0, %copy_row : index
    // Where this lane's row of the matrices of 8x8 lies.
    %lane16 = arith.remui %lane, %c16 : index
    %lane_high = arith.divui %lane, %c16 : index
    %wm = arith.muli %warp, %c16 : index
    %am = arith.addi %wm, %lane16 : index
    %ak = arith.muli %lane_high, %c8 : index
    %lane8 = arith.remui %lane, %c8 : index
    %bn = arith.addi %ak, %lane8 : index
    %eighth = arith.divui %lane, %c8 : index
    %odd = arith.remui %eighth, %c2 : index
    %bk = arith.muli %odd, %c8 : index
    %k0 = arith.constant 0 : index
    %k0a = arith.addi %k0, %copy_col : index
    %xc0 = nvgpu.device_async_copy %A[%a_row, %k0a], %sa[%c0, %copy_row, %copy_col], 8 {bypassL1} : memref<64x64xbf16> to memref<2x32x24xbf16, #sh>
    scf.if %copies_b {
      %y = nvgpu.device_async_copy %B[%b_row, %k0a], %sb[%c0, %copy_row, %copy_col], 8 {bypassL1} : memref<32x64xbf16> to memref<2x16x24xbf16, #sh>
    }
    nvvm.cp.async.commit.group
    %r:8 = scf.for %k = %c0 to %c64 step %c16 iter_args(%p0 = %zero, %p1 = %zero, %p2 = %zero, %p3 = %zero, %p4 = %zero, %p5 = %zero, %p6 = %zero, %p7 = %zero) -> (f32, f32, f32, f32, f32, f32, f32, f32) {
      %step = arith.divui %k, %c16 : index
      %stage = arith.remui %step, %c2 : index
      %other = arith.subi %c1, %stage : index
      %kn = arith.addi %k, %c16 : index
      %more = arith.cmpi ult, %kn, %c64 : index
      scf.if %more {
        %kna = arith.addi %kn, %copy_col : index
        %xother = nvgpu.device_async_copy %A[%a_row, %kna], %sa[%other, %copy_row, %copy_col], 8 {bypassL1} : memref<64x64xbf16> to memref<2x32x24xbf16, #sh>
        scf.if %copies_b {
          %y = nvgpu.device_async_copy %B[%b_row, %kna], %sb[%other, %copy_row, %copy_col], 8 {bypassL1} : memref<32x64xbf16> to memref<2x16x24xbf16, #sh>
        }
        nvvm.cp.async.commit.group
        nvvm.cp.async.wait.group 1
      } else {
        nvvm.cp.async.wait.group 0
      }
      gpu.barrier // filled
      %a = nvgpu.ldmatrix %sa[%stage, %am, %ak] {numTiles = 4 : i32, transpose = false} : memref<2x32x24xbf16, #sh> -> vector<4x2xbf16>
      %b = nvgpu.ldmatrix %sb[%stage, %bn, %bk] {numTiles = 4 : i32, transpose = false} : memref<2x16x24xbf16, #sh> -> vector<4x2xbf16>
      %aw = vector.bitcast %a : vector<4x2xbf16> to vector<4x1xi32>
      %a0 = vector.extract %aw[0, 0] : i32 from vector<4x1xi32>
      %a1 = vector.extract %aw[1, 0] : i32 from vector<4x1xi32>
      %a2 = vector.extract %aw[2, 0] : i32 from vector<4x1xi32>
      %a3 = vector.extract %aw[3, 0] : i32 from vector<4x1xi32>
      %bw = vector.bitcast %b : vector<4x2xbf16> to vector<4x1xi32>
      %b0 = vector.extract %bw[0, 0] : i32 from vector<4x1xi32>
      %b1 = vector.extract %bw[1, 0] : i32 from vector<4x1xi32>
      %b2 = vector.extract %bw[2, 0] : i32 from vector<4x1xi32>
      %b3 = vector.extract %bw[3, 0] : i32 from vector<4x1xi32>
      %d0 = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b0, %b1] C[%p0, %p1, %p2, %p3] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      %d1 = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b2, %b3] C[%p4, %p5, %p6, %p7] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      %q0 = llvm.extractvalue %d0[0] : !llvm.struct<(f32, f32, f32, f32)>
      %q1 = llvm.extractvalue %d0[1] : !llvm.struct<(f32, f32, f32, f32)>
      %q2 = llvm.extractvalue %d0[2] : !llvm.struct<(f32, f32, f32, f32)>
      %q3 = llvm.extractvalue %d0[3] : !llvm.struct<(f32, f32, f32, f32)>
      %q4 = llvm.extractvalue %d1[0] : !llvm.struct<(f32, f32, f32, f32)>
      %q5 = llvm.extractvalue %d1[1] : !llvm.struct<(f32, f32, f32, f32)>
      %q6 = llvm.extractvalue %d1[2] : !llvm.struct<(f32, f32, f32, f32)>
      %q7 = llvm.extractvalue %d1[3] : !llvm.struct<(f32, f32, f32, f32)>
      gpu.barrier // read
      scf.yield %q0, %q1, %q2, %q3, %q4, %q5, %q6, %q7 : f32, f32, f32, f32, f32, f32, f32, f32
    }
    // A lane has two columns of rows l/4 and l/4 + 8 of each 16x8.
    %quarter = arith.divui %lane, %c4 : index
    %pair = arith.remui %lane, %c4 : index
    %two = arith.muli %pair, %c2 : index
    %r0 = arith.addi %m0, %wm : index
    %row = arith.addi %r0, %quarter : index
    %row8 = arith.addi %row, %c8 : index
    %col = arith.addi %n0, %two : index
    %col8 = arith.addi %col, %c8 : index
    %o00 = vector.from_elements %r#0, %r#1 : vector<2xf32>
    vector.store %o00, %C[%row, %col] : memref<64x32xf32>, vector<2xf32>
    %o01 = vector.from_elements %r#2, %r#3 : vector<2xf32>
    vector.store %o01, %C[%row8, %col] : memref<64x32xf32>, vector<2xf32>
    %o10 = vector.from_elements %r#4, %r#5 : vector<2xf32>
    vector.store %o10, %C[%row, %col8] : memref<64x32xf32>, vector<2xf32>
    %o11 = vector.from_elements %r#6, %r#7 : vector<2xf32>
    vector.store %o11, %C[%row8, %col8] : memref<64x32xf32>, vector<2xf32>
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[64x32] = A[64x64] B[32x64] transposed, f16: two stages by cp.async, ldmatrix, mma.sync. A block of two warps
// makes 32x16 of C, 16 of k a step.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @gemm_f16_nt(%A: memref<64x64xf16>, %B: memref<32x64xf16>, %C: memref<64x32xf32>)
      workgroup(%sa: memref<2x32x24xf16, #sh> {llvm.align = 16 : i64}, %sb: memref<2x16x24xf16, #sh> {llvm.align = 16 : i64})
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
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
    %xc0 = nvgpu.device_async_copy %A[%a_row, %k0a], %sa[%c0, %copy_row, %copy_col], 8 {bypassL1} : memref<64x64xf16> to memref<2x32x24xf16, #sh>
    scf.if %copies_b {
      %y = nvgpu.device_async_copy %B[%b_row, %k0a], %sb[%c0, %copy_row, %copy_col], 8 {bypassL1} : memref<32x64xf16> to memref<2x16x24xf16, #sh>
    }
    nvvm.cp.async.commit.group
    %r:2 = scf.for %k = %c0 to %c64 step %c16 iter_args(%acc0 = %zero, %acc1 = %zero) -> (vector<2x2xf32>, vector<2x2xf32>) {
      %step = arith.divui %k, %c16 : index
      %stage = arith.remui %step, %c2 : index
      %other = arith.subi %c1, %stage : index
      %kn = arith.addi %k, %c16 : index
      %more = arith.cmpi ult, %kn, %c64 : index
      scf.if %more {
        %kna = arith.addi %kn, %copy_col : index
        %xother = nvgpu.device_async_copy %A[%a_row, %kna], %sa[%other, %copy_row, %copy_col], 8 {bypassL1} : memref<64x64xf16> to memref<2x32x24xf16, #sh>
        scf.if %copies_b {
          %y = nvgpu.device_async_copy %B[%b_row, %kna], %sb[%other, %copy_row, %copy_col], 8 {bypassL1} : memref<32x64xf16> to memref<2x16x24xf16, #sh>
        }
        nvvm.cp.async.commit.group
        nvvm.cp.async.wait.group 1
      } else {
        nvvm.cp.async.wait.group 0
      }
      gpu.barrier // filled
      %a = nvgpu.ldmatrix %sa[%stage, %am, %ak] {numTiles = 4 : i32, transpose = false} : memref<2x32x24xf16, #sh> -> vector<4x2xf16>
      %b = nvgpu.ldmatrix %sb[%stage, %bn, %bk] {numTiles = 4 : i32, transpose = false} : memref<2x16x24xf16, #sh> -> vector<4x2xf16>
      %b0 = vector.extract_strided_slice %b {offsets = [0, 0], sizes = [2, 2], strides = [1, 1]} : vector<4x2xf16> to vector<2x2xf16>
      %b1 = vector.extract_strided_slice %b {offsets = [2, 0], sizes = [2, 2], strides = [1, 1]} : vector<4x2xf16> to vector<2x2xf16>
      %d0 = nvgpu.mma.sync (%a, %b0, %acc0) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
      %d1 = nvgpu.mma.sync (%a, %b1, %acc1) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
      gpu.barrier // read
      scf.yield %d0, %d1 : vector<2x2xf32>, vector<2x2xf32>
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
    %o00 = vector.extract %r#0[0] : vector<2xf32> from vector<2x2xf32>
    vector.store %o00, %C[%row, %col] : memref<64x32xf32>, vector<2xf32>
    %o01 = vector.extract %r#0[1] : vector<2xf32> from vector<2x2xf32>
    vector.store %o01, %C[%row8, %col] : memref<64x32xf32>, vector<2xf32>
    %o10 = vector.extract %r#1[0] : vector<2xf32> from vector<2x2xf32>
    vector.store %o10, %C[%row, %col8] : memref<64x32xf32>, vector<2xf32>
    %o11 = vector.extract %r#1[1] : vector<2xf32> from vector<2x2xf32>
    vector.store %o11, %C[%row8, %col8] : memref<64x32xf32>, vector<2xf32>
    gpu.return
  }
}

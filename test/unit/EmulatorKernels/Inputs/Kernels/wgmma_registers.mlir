// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[64x16] = A[64x32] B[16x32] transposed, f16: A in registers, B stored by the threads in the layout
// without swizzle, the proxy fence after it.
!acc = !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32)>
gpu.module @m {
  llvm.mlir.global internal @tileB() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<1024 x i8>
  gpu.func @wgmma_registers(%A: memref<64x16xi32>, %B: memref<16x16xi32>, %C: memref<64x16xf32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %four = arith.constant 4 : i64
    // From eight bytes of k to the next 128 bytes, from eight rows to the next 256.
    %high = arith.constant 68720001024 : i64
    %step = arith.constant 32 : i64
    %tileB = llvm.mlir.addressof @tileB : !llvm.ptr<3>
    %t = gpu.thread_id x
    // Word i of row n: of step i/8, k-block i/4%2, row-block n/8, row n%8.
    scf.for %j = %c0 to %c2 step %c1 {
      %c128 = arith.constant 128 : index
      %half = arith.muli %j, %c128 : index
      %e = arith.addi %half, %t : index
      %n = arith.divui %e, %c16 : index
      %i = arith.remui %e, %c16 : index
      %v = memref.load %B[%n, %i] : memref<16x16xi32>
      %k4 = arith.divui %i, %c4 : index
      %w4 = arith.remui %i, %c4 : index
      %s = arith.divui %k4, %c2 : index
      %kb = arith.remui %k4, %c2 : index
      %nb = arith.divui %n, %c8 : index
      %nr = arith.remui %n, %c8 : index
      %s2 = arith.muli %s, %c2 : index
      %snb = arith.addi %s2, %nb : index
      %snb2 = arith.muli %snb, %c2 : index
      %block = arith.addi %snb2, %kb : index
      %block8 = arith.muli %block, %c8 : index
      %line = arith.addi %block8, %nr : index
      %line4 = arith.muli %line, %c4 : index
      %word = arith.addi %line4, %w4 : index
      %wi = arith.index_cast %word : index to i32
      %p = llvm.getelementptr %tileB[%wi] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      llvm.store %v, %p : i32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier // B stored
    %warp = arith.divui %t, %c32 : index
    %l = arith.remui %t, %c32 : index
    %top = arith.muli %warp, %c16 : index
    %g = arith.divui %l, %c4 : index
    %q = arith.remui %l, %c4 : index
    %ar = arith.addi %top, %g : index
    %ar8 = arith.addi %ar, %c8 : index
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
    %k0 = arith.constant 0 : index
    %k0l = arith.addi %k0, %q : index
    %k0h = arith.addi %k0l, %c4 : index
    %x00 = memref.load %A[%ar, %k0l] : memref<64x16xi32>
    %x01 = memref.load %A[%ar8, %k0l] : memref<64x16xi32>
    %x02 = memref.load %A[%ar, %k0h] : memref<64x16xi32>
    %x03 = memref.load %A[%ar8, %k0h] : memref<64x16xi32>
    %k1 = arith.constant 8 : index
    %k1l = arith.addi %k1, %q : index
    %k1h = arith.addi %k1l, %c4 : index
    %x10 = memref.load %A[%ar, %k1l] : memref<64x16xi32>
    %x11 = memref.load %A[%ar8, %k1l] : memref<64x16xi32>
    %x12 = memref.load %A[%ar, %k1h] : memref<64x16xi32>
    %x13 = memref.load %A[%ar8, %k1h] : memref<64x16xi32>
    nvvm.wgmma.fence.aligned
    %b1 = arith.addi %b0, %step : i64
    %m00 = llvm.extractvalue %z7[0] : !acc
    %m01 = llvm.extractvalue %z7[1] : !acc
    %m02 = llvm.extractvalue %z7[2] : !acc
    %m03 = llvm.extractvalue %z7[3] : !acc
    %m04 = llvm.extractvalue %z7[4] : !acc
    %m05 = llvm.extractvalue %z7[5] : !acc
    %m06 = llvm.extractvalue %z7[6] : !acc
    %m07 = llvm.extractvalue %z7[7] : !acc
    %d0 = llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .pred p;\0Asetp.ne.b32 p, 1, 0;\0Awgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {$0, $1, $2, $3, $4, $5, $6, $7}, {$8, $9, $10, $11}, $12, p, 1, 1, 0;\0A}", "=f,=f,=f,=f,=f,=f,=f,=f,r,r,r,r,l,0,1,2,3,4,5,6,7" %x00, %x01, %x02, %x03, %b0, %m00, %m01, %m02, %m03, %m04, %m05, %m06, %m07 : (i32, i32, i32, i32, i64, f32, f32, f32, f32, f32, f32, f32, f32) -> !acc
    %m10 = llvm.extractvalue %d0[0] : !acc
    %m11 = llvm.extractvalue %d0[1] : !acc
    %m12 = llvm.extractvalue %d0[2] : !acc
    %m13 = llvm.extractvalue %d0[3] : !acc
    %m14 = llvm.extractvalue %d0[4] : !acc
    %m15 = llvm.extractvalue %d0[5] : !acc
    %m16 = llvm.extractvalue %d0[6] : !acc
    %m17 = llvm.extractvalue %d0[7] : !acc
    %d1 = llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .pred p;\0Asetp.ne.b32 p, 1, 0;\0Awgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {$0, $1, $2, $3, $4, $5, $6, $7}, {$8, $9, $10, $11}, $12, p, 1, 1, 0;\0A}", "=f,=f,=f,=f,=f,=f,=f,=f,r,r,r,r,l,0,1,2,3,4,5,6,7" %x10, %x11, %x12, %x13, %b1, %m10, %m11, %m12, %m13, %m14, %m15, %m16, %m17 : (i32, i32, i32, i32, i64, f32, f32, f32, f32, f32, f32, f32, f32) -> !acc
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
    %e0 = llvm.extractvalue %d1[0] : !acc
    %e1 = llvm.extractvalue %d1[1] : !acc
    %e2 = llvm.extractvalue %d1[2] : !acc
    %e3 = llvm.extractvalue %d1[3] : !acc
    %e4 = llvm.extractvalue %d1[4] : !acc
    %e5 = llvm.extractvalue %d1[5] : !acc
    %e6 = llvm.extractvalue %d1[6] : !acc
    %e7 = llvm.extractvalue %d1[7] : !acc
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

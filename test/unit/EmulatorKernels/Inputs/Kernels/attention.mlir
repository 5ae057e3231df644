// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// softmax(Q K^T / 4) V of one head: 64 queries, 40 keys in tiles of 16 (the last one half), 16 wide.
// A warp has 16 queries; scores stay in registers, the maximum and the sum go along (online softmax).
#sh = #gpu.address_space<workgroup>
!four = !llvm.struct<(f32, f32, f32, f32)>
gpu.module @m {
  gpu.func @attention(%Q: memref<64x16xf16>, %K: memref<40x16xf16>, %V: memref<40x16xf16>, %O: memref<64x16xf32>)
      workgroup(%sk: memref<16x24xf16, #sh> {llvm.align = 16 : i64}, %sv: memref<16x24xf16, #sh> {llvm.align = 16 : i64})
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %keys = arith.constant 40 : index
    %zero = arith.constant 0.0 : f32
    %least = arith.constant -1.0e30 : f32
    %scale = arith.constant 0.360673760222 : f32 // log2(e) / 4
    %nothing = arith.constant dense<0.0> : vector<4xf16>
    %all = arith.constant -1 : i32
    %clamp = arith.constant 31 : i32
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %quarter = arith.divui %lane, %c4 : index
    %pair = arith.remui %lane, %c4 : index
    %col = arith.muli %pair, %c2 : index
    %col8 = arith.addi %col, %c8 : index
    %b32 = arith.muli %b, %c32 : index
    %w16 = arith.muli %warp, %c16 : index
    %top = arith.addi %b32, %w16 : index
    %row = arith.addi %top, %quarter : index
    %row8 = arith.addi %row, %c8 : index
    %q0 = vector.load %Q[%row, %col] : memref<64x16xf16>, vector<2xf16>
    %q1 = vector.load %Q[%row8, %col] : memref<64x16xf16>, vector<2xf16>
    %q2 = vector.load %Q[%row, %col8] : memref<64x16xf16>, vector<2xf16>
    %q3 = vector.load %Q[%row8, %col8] : memref<64x16xf16>, vector<2xf16>
    // A thread brings four elements of a key and of a value.
    %in_row = arith.divui %t, %c4 : index
    %in_quarter = arith.remui %t, %c4 : index
    %in_col = arith.muli %in_quarter, %c4 : index
    // Rows of the 8x8 matrices of K (as it lies) and of V (transposed).
    %lane8 = arith.remui %lane, %c8 : index
    %lane16 = arith.remui %lane, %c16 : index
    %lane_high = arith.divui %lane, %c16 : index
    %high8 = arith.muli %lane_high, %c8 : index
    %kr = arith.addi %lane8, %high8 : index
    %eighth = arith.divui %lane, %c8 : index
    %odd = arith.remui %eighth, %c2 : index
    %kc = arith.muli %odd, %c8 : index
    %r:12 = scf.for %k0 = %c0 to %keys step %c16 iter_args(%m0 = %least, %m1 = %least, %s0 = %zero, %s1 = %zero, %o0 = %zero, %o1 = %zero, %o2 = %zero, %o3 = %zero, %o4 = %zero, %o5 = %zero, %o6 = %zero, %o7 = %zero) -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32) {
      gpu.barrier // tiles read
      %key = arith.addi %k0, %in_row : index
      %inside = arith.cmpi ult, %key, %keys : index
      %kv:2 = scf.if %inside -> (vector<4xf16>, vector<4xf16>) {
        %k = vector.load %K[%key, %in_col] : memref<40x16xf16>, vector<4xf16>
        %v = vector.load %V[%key, %in_col] : memref<40x16xf16>, vector<4xf16>
        scf.yield %k, %v : vector<4xf16>, vector<4xf16>
      } else {
        scf.yield %nothing, %nothing : vector<4xf16>, vector<4xf16>
      }
      vector.store %kv#0, %sk[%in_row, %in_col] : memref<16x24xf16, #sh>, vector<4xf16>
      vector.store %kv#1, %sv[%in_row, %in_col] : memref<16x24xf16, #sh>, vector<4xf16>
      gpu.barrier // tiles written
      %km = nvgpu.ldmatrix %sk[%kr, %kc] {numTiles = 4 : i32, transpose = false} : memref<16x24xf16, #sh> -> vector<4x2xf16>
      %vm = nvgpu.ldmatrix %sv[%lane16, %high8] {numTiles = 4 : i32, transpose = true} : memref<16x24xf16, #sh> -> vector<4x2xf16>
      %k0r = vector.extract %km[0] : vector<2xf16> from vector<4x2xf16>
      %k1r = vector.extract %km[1] : vector<2xf16> from vector<4x2xf16>
      %k2r = vector.extract %km[2] : vector<2xf16> from vector<4x2xf16>
      %k3r = vector.extract %km[3] : vector<2xf16> from vector<4x2xf16>
      %v0r = vector.extract %vm[0] : vector<2xf16> from vector<4x2xf16>
      %v1r = vector.extract %vm[1] : vector<2xf16> from vector<4x2xf16>
      %v2r = vector.extract %vm[2] : vector<2xf16> from vector<4x2xf16>
      %v3r = vector.extract %vm[3] : vector<2xf16> from vector<4x2xf16>
      %qk0 = nvvm.mma.sync A[%q0, %q1, %q2, %q3] B[%k0r, %k1r] C[%zero, %zero, %zero, %zero] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (vector<2xf16>, vector<2xf16>, f32) -> !four
      %qk1 = nvvm.mma.sync A[%q0, %q1, %q2, %q3] B[%k2r, %k3r] C[%zero, %zero, %zero, %zero] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (vector<2xf16>, vector<2xf16>, f32) -> !four
      // Keys beyond the last one count for nothing.
      %key_a = arith.addi %k0, %col : index
      %off00 = arith.constant 0 : index
      %key00 = arith.addi %key_a, %off00 : index
      %real00 = arith.cmpi ult, %key00, %keys : index
      %off01 = arith.constant 1 : index
      %key01 = arith.addi %key_a, %off01 : index
      %real01 = arith.cmpi ult, %key01, %keys : index
      %off10 = arith.constant 8 : index
      %key10 = arith.addi %key_a, %off10 : index
      %real10 = arith.cmpi ult, %key10, %keys : index
      %off11 = arith.constant 9 : index
      %key11 = arith.addi %key_a, %off11 : index
      %real11 = arith.cmpi ult, %key11, %keys : index
      %raw00 = llvm.extractvalue %qk0[0] : !four
      %scaled00 = arith.mulf %raw00, %scale : f32
      %x00 = arith.select %real00, %scaled00, %least : f32
      %raw01 = llvm.extractvalue %qk0[1] : !four
      %scaled01 = arith.mulf %raw01, %scale : f32
      %x01 = arith.select %real01, %scaled01, %least : f32
      %raw02 = llvm.extractvalue %qk0[2] : !four
      %scaled02 = arith.mulf %raw02, %scale : f32
      %x02 = arith.select %real00, %scaled02, %least : f32
      %raw03 = llvm.extractvalue %qk0[3] : !four
      %scaled03 = arith.mulf %raw03, %scale : f32
      %x03 = arith.select %real01, %scaled03, %least : f32
      %raw10 = llvm.extractvalue %qk1[0] : !four
      %scaled10 = arith.mulf %raw10, %scale : f32
      %x10 = arith.select %real10, %scaled10, %least : f32
      %raw11 = llvm.extractvalue %qk1[1] : !four
      %scaled11 = arith.mulf %raw11, %scale : f32
      %x11 = arith.select %real11, %scaled11, %least : f32
      %raw12 = llvm.extractvalue %qk1[2] : !four
      %scaled12 = arith.mulf %raw12, %scale : f32
      %x12 = arith.select %real10, %scaled12, %least : f32
      %raw13 = llvm.extractvalue %qk1[3] : !four
      %scaled13 = arith.mulf %raw13, %scale : f32
      %x13 = arith.select %real11, %scaled13, %least : f32
      // Row l/4: its maximum over four lanes, what that does to all that was, its sum.
      %h0a = arith.maximumf %x00, %x01 : f32
      %h0b = arith.maximumf %x10, %x11 : f32
      %h0c = arith.maximumf %h0a, %h0b : f32
      %h0d = nvvm.shfl.sync bfly %all, %h0c, %one, %clamp : f32 -> f32
      %h0e = arith.maximumf %h0c, %h0d : f32
      %h0f = nvvm.shfl.sync bfly %all, %h0e, %two, %clamp : f32 -> f32
      %h0g = arith.maximumf %h0e, %h0f : f32
      %n0 = arith.maximumf %m0, %h0g : f32
      %lost0 = arith.subf %m0, %n0 : f32
      %f0 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%lost0) : (f32) -> f32
      %y00 = arith.subf %x00, %n0 : f32
      %p00 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y00) : (f32) -> f32
      %y01 = arith.subf %x01, %n0 : f32
      %p01 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y01) : (f32) -> f32
      %y10 = arith.subf %x10, %n0 : f32
      %p10 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y10) : (f32) -> f32
      %y11 = arith.subf %x11, %n0 : f32
      %p11 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y11) : (f32) -> f32
      %t0a = arith.addf %p00, %p01 : f32
      %t0b = arith.addf %p10, %p11 : f32
      %t0c = arith.addf %t0a, %t0b : f32
      %t0d = arith.mulf %s0, %f0 : f32
      %u0 = arith.addf %t0d, %t0c : f32
      // Row l/4 + 8: its maximum over four lanes, what that does to all that was, its sum.
      %h1a = arith.maximumf %x02, %x03 : f32
      %h1b = arith.maximumf %x12, %x13 : f32
      %h1c = arith.maximumf %h1a, %h1b : f32
      %h1d = nvvm.shfl.sync bfly %all, %h1c, %one, %clamp : f32 -> f32
      %h1e = arith.maximumf %h1c, %h1d : f32
      %h1f = nvvm.shfl.sync bfly %all, %h1e, %two, %clamp : f32 -> f32
      %h1g = arith.maximumf %h1e, %h1f : f32
      %n1 = arith.maximumf %m1, %h1g : f32
      %lost1 = arith.subf %m1, %n1 : f32
      %f1 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%lost1) : (f32) -> f32
      %y02 = arith.subf %x02, %n1 : f32
      %p02 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y02) : (f32) -> f32
      %y03 = arith.subf %x03, %n1 : f32
      %p03 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y03) : (f32) -> f32
      %y12 = arith.subf %x12, %n1 : f32
      %p12 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y12) : (f32) -> f32
      %y13 = arith.subf %x13, %n1 : f32
      %p13 = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%y13) : (f32) -> f32
      %t1a = arith.addf %p02, %p03 : f32
      %t1b = arith.addf %p12, %p13 : f32
      %t1c = arith.addf %t1a, %t1b : f32
      %t1d = arith.mulf %s1, %f1 : f32
      %u1 = arith.addf %t1d, %t1c : f32
      %w0 = vector.from_elements %p00, %p01 : vector<2xf32>
      %a0 = arith.truncf %w0 : vector<2xf32> to vector<2xf16>
      %w1 = vector.from_elements %p02, %p03 : vector<2xf32>
      %a1 = arith.truncf %w1 : vector<2xf32> to vector<2xf16>
      %w2 = vector.from_elements %p10, %p11 : vector<2xf32>
      %a2 = arith.truncf %w2 : vector<2xf32> to vector<2xf16>
      %w3 = vector.from_elements %p12, %p13 : vector<2xf32>
      %a3 = arith.truncf %w3 : vector<2xf32> to vector<2xf16>
      %c00 = arith.mulf %o0, %f0 : f32
      %c01 = arith.mulf %o1, %f0 : f32
      %c02 = arith.mulf %o2, %f1 : f32
      %c03 = arith.mulf %o3, %f1 : f32
      %pv0 = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%v0r, %v1r] C[%c00, %c01, %c02, %c03] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (vector<2xf16>, vector<2xf16>, f32) -> !four
      %d00 = llvm.extractvalue %pv0[0] : !four
      %d01 = llvm.extractvalue %pv0[1] : !four
      %d02 = llvm.extractvalue %pv0[2] : !four
      %d03 = llvm.extractvalue %pv0[3] : !four
      %c10 = arith.mulf %o4, %f0 : f32
      %c11 = arith.mulf %o5, %f0 : f32
      %c12 = arith.mulf %o6, %f1 : f32
      %c13 = arith.mulf %o7, %f1 : f32
      %pv1 = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%v2r, %v3r] C[%c10, %c11, %c12, %c13] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, shape = #nvvm.shape<m = 16, n = 8, k = 16>} : (vector<2xf16>, vector<2xf16>, f32) -> !four
      %d10 = llvm.extractvalue %pv1[0] : !four
      %d11 = llvm.extractvalue %pv1[1] : !four
      %d12 = llvm.extractvalue %pv1[2] : !four
      %d13 = llvm.extractvalue %pv1[3] : !four
      scf.yield %n0, %n1, %u0, %u1, %d00, %d01, %d02, %d03, %d10, %d11, %d12, %d13 : f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
    }
    %g0a = nvvm.shfl.sync bfly %all, %r#2, %one, %clamp : f32 -> f32
    %g0b = arith.addf %r#2, %g0a : f32
    %g0c = nvvm.shfl.sync bfly %all, %g0b, %two, %clamp : f32 -> f32
    %sum0 = arith.addf %g0b, %g0c : f32
    %g1a = nvvm.shfl.sync bfly %all, %r#3, %one, %clamp : f32 -> f32
    %g1b = arith.addf %r#3, %g1a : f32
    %g1c = nvvm.shfl.sync bfly %all, %g1b, %two, %clamp : f32 -> f32
    %sum1 = arith.addf %g1b, %g1c : f32
    %e000 = arith.divf %r#4, %sum0 : f32
    %e001 = arith.divf %r#5, %sum0 : f32
    %z00 = vector.from_elements %e000, %e001 : vector<2xf32>
    vector.store %z00, %O[%row, %col] : memref<64x16xf32>, vector<2xf32>
    %e010 = arith.divf %r#6, %sum1 : f32
    %e011 = arith.divf %r#7, %sum1 : f32
    %z01 = vector.from_elements %e010, %e011 : vector<2xf32>
    vector.store %z01, %O[%row8, %col] : memref<64x16xf32>, vector<2xf32>
    %e100 = arith.divf %r#8, %sum0 : f32
    %e101 = arith.divf %r#9, %sum0 : f32
    %z10 = vector.from_elements %e100, %e101 : vector<2xf32>
    vector.store %z10, %O[%row, %col8] : memref<64x16xf32>, vector<2xf32>
    %e110 = arith.divf %r#10, %sum1 : f32
    %e111 = arith.divf %r#11, %sum1 : f32
    %z11 = vector.from_elements %e110, %e111 : vector<2xf32>
    vector.store %z11, %O[%row8, %col8] : memref<64x16xf32>, vector<2xf32>
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[32x16] = A[32x24] B[16x24] transposed, tf32, fragments straight from global memory.
gpu.module @m {
  gpu.func @gemm_tf32(%A: memref<32x24xi32>, %B: memref<16x24xi32>, %C: memref<32x16xf32>)
      kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %k_end = arith.constant 24 : index
    %zero = arith.constant 0.0 : f32
    %lane = gpu.lane_id
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %m0 = arith.muli %by, %c16 : index
    %n0 = arith.muli %bx, %c8 : index
    %quarter = arith.divui %lane, %c4 : index
    %pair = arith.remui %lane, %c4 : index
    %row = arith.addi %m0, %quarter : index
    %row8 = arith.addi %row, %c8 : index
    %n = arith.addi %n0, %quarter : index
    %r:4 = scf.for %k = %c0 to %k_end step %c8 iter_args(%p0 = %zero, %p1 = %zero, %p2 = %zero, %p3 = %zero) -> (f32, f32, f32, f32) {
      %k0 = arith.addi %k, %pair : index
      %k1 = arith.addi %k0, %c4 : index
      %a0 = memref.load %A[%row, %k0] : memref<32x24xi32>
      %a1 = memref.load %A[%row8, %k0] : memref<32x24xi32>
      %a2 = memref.load %A[%row, %k1] : memref<32x24xi32>
      %a3 = memref.load %A[%row8, %k1] : memref<32x24xi32>
      %b0 = memref.load %B[%n, %k0] : memref<16x24xi32>
      %b1 = memref.load %B[%n, %k1] : memref<16x24xi32>
      %d = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b0, %b1] C[%p0, %p1, %p2, %p3] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<tf32>, multiplicandBPtxType = #nvvm.mma_type<tf32>, shape = #nvvm.shape<m = 16, n = 8, k = 8>} : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      %q0 = llvm.extractvalue %d[0] : !llvm.struct<(f32, f32, f32, f32)>
      %q1 = llvm.extractvalue %d[1] : !llvm.struct<(f32, f32, f32, f32)>
      %q2 = llvm.extractvalue %d[2] : !llvm.struct<(f32, f32, f32, f32)>
      %q3 = llvm.extractvalue %d[3] : !llvm.struct<(f32, f32, f32, f32)>
      scf.yield %q0, %q1, %q2, %q3 : f32, f32, f32, f32
    }
    %two = arith.muli %pair, %c2 : index
    %col = arith.addi %n0, %two : index
    %o0 = vector.from_elements %r#0, %r#1 : vector<2xf32>
    %o1 = vector.from_elements %r#2, %r#3 : vector<2xf32>
    vector.store %o0, %C[%row, %col] : memref<32x16xf32>, vector<2xf32>
    vector.store %o1, %C[%row8, %col] : memref<32x16xf32>, vector<2xf32>
    gpu.return
  }
}

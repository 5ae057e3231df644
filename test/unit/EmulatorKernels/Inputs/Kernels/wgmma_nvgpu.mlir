// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C[64x64] = A[64x256] B[256x64], f16, all by nvgpu: TMA with the 128-byte swizzle into two stages, an
// mbarrier each, wgmma with B as it lies (MN-major).
#sh = #gpu.address_space<workgroup>
!mapA = !nvgpu.tensormap.descriptor<tensor = memref<64x64xf16, #sh>, swizzle = swizzle_128b, l2promo = none, oob = zero, interleave = none>
!mapB = !nvgpu.tensormap.descriptor<tensor = memref<64x64xf16, #sh>, swizzle = swizzle_128b, l2promo = none, oob = zero, interleave = none>
!bar = !nvgpu.mbarrier.group<memorySpace = #sh, num_barriers = 2>
!acc = !nvgpu.warpgroup.accumulator<fragmented = vector<64x64xf32>>
!tile = memref<64x64xf16, #sh>
!desc = !nvgpu.warpgroup.descriptor<tensor = !tile>
gpu.module @m {
  gpu.func @wgmma_nvgpu(%pa: !llvm.ptr, %pb: !llvm.ptr, %C: memref<64x64xf32>)
      workgroup(%sm: memref<32768xi8, #sh> {llvm.align = 1024 : i64})
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %mapA = builtin.unrealized_conversion_cast %pa : !llvm.ptr to !mapA
    %mapB = builtin.unrealized_conversion_cast %pb : !llvm.ptr to !mapB
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %c8192 = arith.constant 8192 : index
    %bytes = arith.constant 16384 : index
    %ticks = arith.constant 10000000 : index
    %t = gpu.thread_id x
    %first = arith.cmpi eq, %t, %c0 : index
    %bars = nvgpu.mbarrier.create -> !bar
    scf.if %first {
      nvgpu.mbarrier.init %bars[%c0], %c1 : !bar
      nvgpu.mbarrier.init %bars[%c1], %c1 : !bar
      nvvm.fence.mbarrier.init
      // Stage 0.
      %a = memref.view %sm[%c0][] : memref<32768xi8, #sh> to !tile
      %b = memref.view %sm[%c8192][] : memref<32768xi8, #sh> to !tile
      nvgpu.mbarrier.arrive.expect_tx %bars[%c0], %bytes : !bar
      nvgpu.tma.async.load %mapA[%c0, %c0], %bars[%c0] to %a : !mapA, !bar -> !tile
      nvgpu.tma.async.load %mapB[%c0, %c0], %bars[%c0] to %b : !mapB, !bar -> !tile
    }
    gpu.barrier // mbarriers made
    %zero = nvgpu.warpgroup.mma.init.accumulator -> !acc
    %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> !acc {
      %stage = arith.remui %i, %c2 : index
      %n = arith.addi %i, %c1 : index
      %other = arith.remui %n, %c2 : index
      %more = arith.cmpi ult, %n, %c4 : index
      %loads = arith.andi %first, %more : i1
      scf.if %loads {
        %oa = arith.muli %other, %bytes : index
        %ob = arith.addi %oa, %c8192 : index
        %k = arith.muli %n, %c64 : index
        %a = memref.view %sm[%oa][] : memref<32768xi8, #sh> to !tile
        %b = memref.view %sm[%ob][] : memref<32768xi8, #sh> to !tile
        nvgpu.mbarrier.arrive.expect_tx %bars[%other], %bytes : !bar
        nvgpu.tma.async.load %mapA[%k, %c0], %bars[%other] to %a : !mapA, !bar -> !tile
        nvgpu.tma.async.load %mapB[%c0, %k], %bars[%other] to %b : !mapB, !bar -> !tile
      }
      %round = arith.divui %i, %c2 : index
      %turn = arith.remui %round, %c2 : index
      %phase = arith.cmpi eq, %turn, %c1 : index
      nvgpu.mbarrier.try_wait.parity %bars[%stage], %phase, %ticks : !bar
      %pa0 = arith.muli %stage, %bytes : index
      %pb0 = arith.addi %pa0, %c8192 : index
      %la = memref.view %sm[%pa0][] : memref<32768xi8, #sh> to !tile
      %lb = memref.view %sm[%pb0][] : memref<32768xi8, #sh> to !tile
      %da = nvgpu.warpgroup.generate.descriptor %la, %mapA : !tile, !mapA -> !desc
      %db = nvgpu.warpgroup.generate.descriptor %lb, %mapB : !tile, !mapB -> !desc
      %next = nvgpu.warpgroup.mma %da, %db, %acc {waitGroup = 0 : i64, transposeB} : !desc, !desc, !acc -> !acc
      gpu.barrier // stage read
      scf.yield %next : !acc
    }
    nvgpu.warpgroup.mma.store %r, %C : !acc to memref<64x64xf32>
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<2048 x i8>
  gpu.func @wrong(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %n = arith.index_cast %t : index to i32
    %zero = arith.constant 0 : i32
    %c512 = arith.constant 512 : index
    %c128 = arith.constant 128 : index
    scf.for %i = %t to %c512 step %c128 {
      %at = arith.index_cast %i : index to i32
      %own = llvm.getelementptr %tile[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      llvm.store %zero, %own : i32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier
    %address = llvm.ptrtoint %tile : !llvm.ptr<3> to i64
    %four = arith.constant 4 : i64
    %start = arith.shrui %address, %four : i64
    // 128 bytes to the next eight bytes of k, 256 to the next eight rows.
    %high = arith.constant 0x1000080000 : i64
    %d = arith.ori %start, %high : i64
    %f = arith.constant 0.0 : f32
    %a0 = llvm.mlir.undef : !llvm.struct<(f32, f32, f32, f32)>
    %a1 = llvm.insertvalue %f, %a0[0] : !llvm.struct<(f32, f32, f32, f32)>
    %a2 = llvm.insertvalue %f, %a1[1] : !llvm.struct<(f32, f32, f32, f32)>
    %a3 = llvm.insertvalue %f, %a2[2] : !llvm.struct<(f32, f32, f32, f32)>
    %a4 = llvm.insertvalue %f, %a3[3] : !llvm.struct<(f32, f32, f32, f32)>
    %r = nvvm.wgmma.mma_async %d, %d, %a4, <m = 64, n = 8, k = 16>, D [<f32>, <one>], A [<f16>, <one>, <row>], B [<f16>, <one>, <col>] : !llvm.struct<(f32, f32, f32, f32)> -> !llvm.struct<(f32, f32, f32, f32)> // reported
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    %v = llvm.extractvalue %r[0] : !llvm.struct<(f32, f32, f32, f32)>
    %w = arith.fptosi %v : f32 to i32
    memref.store %w, %y[%t] : memref<128xi32>
    gpu.return
  }
  gpu.func @right(%x: memref<128xi32>, %y: memref<128xi32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %t = gpu.thread_id x
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %n = arith.index_cast %t : index to i32
    %zero = arith.constant 0 : i32
    %c512 = arith.constant 512 : index
    %c128 = arith.constant 128 : index
    scf.for %i = %t to %c512 step %c128 {
      %at = arith.index_cast %i : index to i32
      %own = llvm.getelementptr %tile[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      llvm.store %zero, %own : i32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier
    %address = llvm.ptrtoint %tile : !llvm.ptr<3> to i64
    %four = arith.constant 4 : i64
    %start = arith.shrui %address, %four : i64
    // 128 bytes to the next eight bytes of k, 256 to the next eight rows.
    %high = arith.constant 0x1000080000 : i64
    %d = arith.ori %start, %high : i64
    %f = arith.constant 0.0 : f32
    %a0 = llvm.mlir.undef : !llvm.struct<(f32, f32, f32, f32)>
    %a1 = llvm.insertvalue %f, %a0[0] : !llvm.struct<(f32, f32, f32, f32)>
    %a2 = llvm.insertvalue %f, %a1[1] : !llvm.struct<(f32, f32, f32, f32)>
    %a3 = llvm.insertvalue %f, %a2[2] : !llvm.struct<(f32, f32, f32, f32)>
    %a4 = llvm.insertvalue %f, %a3[3] : !llvm.struct<(f32, f32, f32, f32)>
    nvvm.wgmma.fence.aligned
    %r = nvvm.wgmma.mma_async %d, %d, %a4, <m = 64, n = 8, k = 16>, D [<f32>, <one>], A [<f16>, <one>, <row>], B [<f16>, <one>, <col>] : !llvm.struct<(f32, f32, f32, f32)> -> !llvm.struct<(f32, f32, f32, f32)>
    nvvm.wgmma.commit.group.sync.aligned
    nvvm.wgmma.wait.group.sync.aligned 0
    %v = llvm.extractvalue %r[0] : !llvm.struct<(f32, f32, f32, f32)>
    %w = arith.fptosi %v : f32 to i32
    memref.store %w, %y[%t] : memref<128xi32>
    gpu.return
  }
}

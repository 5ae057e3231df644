// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Four blocks each add a tile of 16x8 to a tensor of 20x12 by TMA; tiles lie over each other and hang
// over the edge, where nothing is added.
#sh = #gpu.address_space<workgroup>
gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<128 x f32>
  gpu.func @tma_reduce(%map: !llvm.ptr, %x: memref<4x128xf32>)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %eight = arith.constant 8 : i32
    %six = arith.constant 6 : i32
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %n = arith.index_cast %t : index to i32
    %own = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %v = memref.load %x[%b, %t] : memref<4x128xf32>
    llvm.store %v, %own : f32, !llvm.ptr<3>
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier // tile written
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      %bi = arith.index_cast %b : index to i32
      %odd = arith.andi %bi, %one : i32
      %high = arith.divui %bi, %two : i32
      %cx = arith.muli %odd, %eight : i32
      %cy = arith.muli %high, %six : i32
      nvvm.cp.async.bulk.tensor.reduce %map, %tile, box [%cx, %cy] {redKind = #nvvm.tma_redux_kind<add>} : !llvm.ptr, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0
    }
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tiles by TMA whose boxes hang over the tensor on every side, in 1, 2, 3 and 5 dimensions: what is
// outside is zero. Each block copies one tile to its place in the output.
gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<128 x f32>
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  gpu.func @tma_1d(%map: !llvm.ptr, %out: memref<3x64xf32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %elements = arith.constant 64 : index
    %one = arith.constant 1 : i32
    %phase = arith.constant 0 : i32
    %bytes = arith.constant 256 : i32
    %ticks = arith.constant 1000000 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %bx = nvvm.read.ptx.sreg.ctaid.x : i32
    %at0f = arith.constant 48 : i32
    %at0o = arith.constant -20 : i32
    %at0m = arith.muli %bx, %at0f : i32
    %at0 = arith.addi %at0m, %at0o : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      nvvm.cp.async.bulk.tensor.shared.cluster.global %tile, %map, %bar, box [%at0] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
    }
    gpu.barrier // mbarrier made
    nvvm.mbarrier.try_wait.parity %bar, %phase, %ticks : !llvm.ptr<3>, i32, i32
    %x = gpu.block_id x
    %y = gpu.block_id y
    %z = gpu.block_id z
    %nx = gpu.grid_dim x
    %ny = gpu.grid_dim y
    %zy = arith.muli %z, %ny : index
    %zy1 = arith.addi %zy, %y : index
    %zyx = arith.muli %zy1, %nx : index
    %block = arith.addi %zyx, %x : index
    scf.for %i = %t to %elements step %c64 {
      %n = arith.index_cast %i : index to i32
      %p = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %p : !llvm.ptr<3> -> f32
      memref.store %v, %out[%block, %i] : memref<3x64xf32>
    }
    gpu.return
  }
  gpu.func @tma_2d(%map: !llvm.ptr, %out: memref<9x128xf32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %elements = arith.constant 128 : index
    %one = arith.constant 1 : i32
    %phase = arith.constant 0 : i32
    %bytes = arith.constant 512 : i32
    %ticks = arith.constant 1000000 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %bx = nvvm.read.ptx.sreg.ctaid.x : i32
    %by = nvvm.read.ptx.sreg.ctaid.y : i32
    %at0f = arith.constant 10 : i32
    %at0o = arith.constant -5 : i32
    %at0m = arith.muli %bx, %at0f : i32
    %at0 = arith.addi %at0m, %at0o : i32
    %at1f = arith.constant 6 : i32
    %at1o = arith.constant -3 : i32
    %at1m = arith.muli %by, %at1f : i32
    %at1 = arith.addi %at1m, %at1o : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      nvvm.cp.async.bulk.tensor.shared.cluster.global %tile, %map, %bar, box [%at0, %at1] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
    }
    gpu.barrier // mbarrier made
    nvvm.mbarrier.try_wait.parity %bar, %phase, %ticks : !llvm.ptr<3>, i32, i32
    %x = gpu.block_id x
    %y = gpu.block_id y
    %z = gpu.block_id z
    %nx = gpu.grid_dim x
    %ny = gpu.grid_dim y
    %zy = arith.muli %z, %ny : index
    %zy1 = arith.addi %zy, %y : index
    %zyx = arith.muli %zy1, %nx : index
    %block = arith.addi %zyx, %x : index
    scf.for %i = %t to %elements step %c64 {
      %n = arith.index_cast %i : index to i32
      %p = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %p : !llvm.ptr<3> -> f32
      memref.store %v, %out[%block, %i] : memref<9x128xf32>
    }
    gpu.return
  }
  gpu.func @tma_3d(%map: !llvm.ptr, %out: memref<27x32xf32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %elements = arith.constant 32 : index
    %one = arith.constant 1 : i32
    %phase = arith.constant 0 : i32
    %bytes = arith.constant 128 : i32
    %ticks = arith.constant 1000000 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %bx = nvvm.read.ptx.sreg.ctaid.x : i32
    %by = nvvm.read.ptx.sreg.ctaid.y : i32
    %bz = nvvm.read.ptx.sreg.ctaid.z : i32
    %at0f = arith.constant 4 : i32
    %at0o = arith.constant -2 : i32
    %at0m = arith.muli %bx, %at0f : i32
    %at0 = arith.addi %at0m, %at0o : i32
    %at1f = arith.constant 3 : i32
    %at1o = arith.constant -1 : i32
    %at1m = arith.muli %by, %at1f : i32
    %at1 = arith.addi %at1m, %at1o : i32
    %at2f = arith.constant 2 : i32
    %at2o = arith.constant -1 : i32
    %at2m = arith.muli %bz, %at2f : i32
    %at2 = arith.addi %at2m, %at2o : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      nvvm.cp.async.bulk.tensor.shared.cluster.global %tile, %map, %bar, box [%at0, %at1, %at2] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
    }
    gpu.barrier // mbarrier made
    nvvm.mbarrier.try_wait.parity %bar, %phase, %ticks : !llvm.ptr<3>, i32, i32
    %x = gpu.block_id x
    %y = gpu.block_id y
    %z = gpu.block_id z
    %nx = gpu.grid_dim x
    %ny = gpu.grid_dim y
    %zy = arith.muli %z, %ny : index
    %zy1 = arith.addi %zy, %y : index
    %zyx = arith.muli %zy1, %nx : index
    %block = arith.addi %zyx, %x : index
    scf.for %i = %t to %elements step %c64 {
      %n = arith.index_cast %i : index to i32
      %p = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %p : !llvm.ptr<3> -> f32
      memref.store %v, %out[%block, %i] : memref<27x32xf32>
    }
    gpu.return
  }
  gpu.func @tma_5d(%map: !llvm.ptr, %out: memref<3x64xf32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %elements = arith.constant 64 : index
    %one = arith.constant 1 : i32
    %phase = arith.constant 0 : i32
    %bytes = arith.constant 256 : i32
    %ticks = arith.constant 1000000 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %bx = nvvm.read.ptx.sreg.ctaid.x : i32
    %at0f = arith.constant 2 : i32
    %at0o = arith.constant -2 : i32
    %at0m = arith.muli %bx, %at0f : i32
    %at0 = arith.addi %at0m, %at0o : i32
    %at1f = arith.constant 1 : i32
    %at1o = arith.constant -1 : i32
    %at1m = arith.muli %bx, %at1f : i32
    %at1 = arith.addi %at1m, %at1o : i32
    %at2f = arith.constant -1 : i32
    %at2o = arith.constant 1 : i32
    %at2m = arith.muli %bx, %at2f : i32
    %at2 = arith.addi %at2m, %at2o : i32
    %at3f = arith.constant 1 : i32
    %at3o = arith.constant -1 : i32
    %at3m = arith.muli %bx, %at3f : i32
    %at3 = arith.addi %at3m, %at3o : i32
    %at4f = arith.constant -1 : i32
    %at4o = arith.constant 1 : i32
    %at4m = arith.muli %bx, %at4f : i32
    %at4 = arith.addi %at4m, %at4o : i32
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      nvvm.cp.async.bulk.tensor.shared.cluster.global %tile, %map, %bar, box [%at0, %at1, %at2, %at3, %at4] {isCTAOnly = true} : !llvm.ptr<3>, !llvm.ptr
    }
    gpu.barrier // mbarrier made
    nvvm.mbarrier.try_wait.parity %bar, %phase, %ticks : !llvm.ptr<3>, i32, i32
    %x = gpu.block_id x
    %y = gpu.block_id y
    %z = gpu.block_id z
    %nx = gpu.grid_dim x
    %ny = gpu.grid_dim y
    %zy = arith.muli %z, %ny : index
    %zy1 = arith.addi %zy, %y : index
    %zyx = arith.muli %zy1, %nx : index
    %block = arith.addi %zyx, %x : index
    scf.for %i = %t to %elements step %c64 {
      %n = arith.index_cast %i : index to i32
      %p = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %p : !llvm.ptr<3> -> f32
      memref.store %v, %out[%block, %i] : memref<3x64xf32>
    }
    gpu.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-emulate %s --args="i32[64]:iota i32[64]" --print=1 | FileCheck %s --check-prefix=USUAL
// RUN: not dreamer-emulate %s --args="i32[64]:iota i32[64]" --strict 2>&1 | FileCheck %s --check-prefix=STRICT
// RUN: sed 's/nvvm.mbarrier.init .*/&\n nvvm.fence.mbarrier.init/' %s > %t.mlir
// RUN: dreamer-emulate %t.mlir --args="i32[64]:iota i32[64]" --strict | FileCheck %s --check-prefix=USUAL
//
// A fence after the init of an mbarrier that a copy uses is asked for only by strict checks.

// USUAL: nothing found
gpu.module @m {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<64 x i32>
  llvm.mlir.global internal @bar() {addr_space = 3 : i32, alignment = 8 : i64} : i64
  gpu.func @copy(%x: memref<64xi32>, %y: memref<64xi32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %bytes = arith.constant 256 : i32
    %ticks = arith.constant 1000 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @bar : !llvm.ptr<3>
    %t = gpu.thread_id x
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      nvvm.mbarrier.init %bar, %one : !llvm.ptr<3>, i32
      nvvm.mbarrier.arrive.expect_tx %bar, %bytes : !llvm.ptr<3>, i32
      %place = memref.extract_aligned_pointer_as_index %x : memref<64xi32> -> index
      %number = arith.index_cast %place : index to i64
      %from = llvm.inttoptr %number : i64 to !llvm.ptr<1>
      %to = llvm.addrspacecast %tile : !llvm.ptr<3> to !llvm.ptr<7>
      // STRICT: proxy-fence: kernel copy, block (0,0,0), thread 0: a bulk copy uses the mbarrier at shared byte {{[0-9]+}}, and no fence comes between that and its mbarrier.init; hint: fence.mbarrier_init.release.cluster by the thread that initialised it, at {{.*}}strict.mlir:[[@LINE+1]]:
      nvvm.cp.async.bulk.shared.cluster.global %to, %from, %bar, %bytes : !llvm.ptr<7>, !llvm.ptr<1>
    }
    gpu.barrier
    nvvm.mbarrier.try_wait.parity %bar, %zero, %ticks : !llvm.ptr<3>, i32, i32
    %n = arith.index_cast %t : index to i32
    %at = llvm.getelementptr %tile[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %v = llvm.load %at : !llvm.ptr<3> -> i32
    memref.store %v, %y[%t] : memref<64xi32>
    gpu.return
  }
}

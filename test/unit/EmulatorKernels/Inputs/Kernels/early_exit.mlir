// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Half of the warps leave at once, and odd lanes of the others before they shuffle among the even:
// barriers wait for the living only, and a shuffle for its mask.
gpu.module @m {
  llvm.func @early_exit(%in: !llvm.ptr, %out: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    %mask = llvm.mlir.constant(0x55555555 : i32) : i32
    %clamp = llvm.mlir.constant(31 : i32) : i32
    %one = llvm.mlir.constant(1 : i32) : i32
    %two = llvm.mlir.constant(2 : i32) : i32
    %zero = llvm.mlir.constant(0 : i32) : i32
    %half = llvm.mlir.constant(64 : i32) : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %works = llvm.icmp "ult" %tid, %half : i32
    llvm.cond_br %works, ^work, ^leave
  ^work:
    nvvm.barrier id = %one number_of_threads = %half
    %odd = llvm.and %tid, %one : i32
    %even = llvm.icmp "eq" %odd, %zero : i32
    llvm.cond_br %even, ^share, ^leave
  ^share:
    %from = llvm.getelementptr %in[%tid] : (!llvm.ptr, i32) -> !llvm.ptr, i32
    %v = llvm.load %from : !llvm.ptr -> i32
    %other = nvvm.shfl.sync bfly %mask, %v, %two, %clamp : i32 -> i32
    %sum = llvm.add %v, %other : i32
    %to = llvm.getelementptr %out[%tid] : (!llvm.ptr, i32) -> !llvm.ptr, i32
    llvm.store %sum, %to : i32, !llvm.ptr
    llvm.br ^leave
  ^leave:
    llvm.return
  }
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: dreamer-opt %s --dreamer-share-kernels | FileCheck %s
// RUN: dreamer-opt %s --dreamer-lower-to-llvm | FileCheck %s --check-prefix=LLVM

// The first keeps its code. Of two that are the same, the second is the first; names of other
// functions are not looked into.
// CHECK-LABEL: module @narrow
// CHECK: func.func private @double_0(%{{.*}}: memref<4xf32>, %{{.*}}: index) attributes {schedule.kernel = "test.double", schedule.shared = "double_0.narrow"} {
// CHECK: func.func private @double_1(memref<4xf32>, index) attributes {schedule.kernel = "test.double", schedule.shared = "double_0.narrow"}
// CHECK-NOT: schedule.shared
module {
  module @narrow attributes {schedule.target = {name = "narrow", tune = "generic", features = ["avx"], vector_bits = 256 : i64}} {
    func.func private @double_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %x[%task] : memref<4xf32>
      %d = arith.addf %v, %v : f32
      memref.store %d, %x[%task] : memref<4xf32>
      return
    }
    func.func private @double_1(%y: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %y[%task] : memref<4xf32>
      %d = arith.addf %v, %v : f32
      memref.store %d, %y[%task] : memref<4xf32>
      return
    }
    func.func private @triple_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.triple"} {
      %v = memref.load %x[%task] : memref<4xf32>
      %d = arith.addf %v, %v : f32
      %t = arith.addf %d, %v : f32
      memref.store %t, %x[%task] : memref<4xf32>
      return
    }
    func.func private @helped_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.helped"} {
      call @help(%x) : (memref<4xf32>) -> ()
      return
    }
    func.func private @help(%x: memref<4xf32>) {
      return
    }
  }

// One with more features takes what is the same, wherever it stands, and keeps what differs in an operand or a type.
// CHECK-LABEL: module @more
// CHECK: func.func private @other_0(%{{.*}}: memref<4xf32>, %{{.*}}: index) attributes {schedule.kernel = "test.double"} {
// CHECK: func.func private @long_0(%{{.*}}: memref<8xf32>, %{{.*}}: index) attributes {schedule.kernel = "test.double"} {
// CHECK: func.func private @twice_7(memref<4xf32>, index) attributes {schedule.kernel = "test.double", schedule.shared = "double_0.narrow"}
// CHECK: func.func private @helped_0(%{{.*}} {
// LLVM-LABEL: module @more
// LLVM: llvm.func internal @twice_7.tasks(
// LLVM: llvm.call @twice_7(
// LLVM: llvm.func @twice_7(!llvm.ptr, i64) attributes {{.*}}schedule.shared = "double_0.narrow"
  module @more attributes {schedule.target = {name = "more", tune = "generic", features = ["avx", "avx2"], vector_bits = 256 : i64}} {
    func.func private @other_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %x[%task] : memref<4xf32>
      %d = arith.mulf %v, %v : f32
      memref.store %d, %x[%task] : memref<4xf32>
      return
    }
    func.func private @long_0(%x: memref<8xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %x[%task] : memref<8xf32>
      %d = arith.addf %v, %v : f32
      memref.store %d, %x[%task] : memref<8xf32>
      return
    }
    func.func private @twice_7(%z: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %z[%task] : memref<4xf32>
      %d = arith.addf %v, %v : f32
      memref.store %d, %z[%task] : memref<4xf32>
      return
    }
    func.func private @helped_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.helped"} {
      call @help(%x) : (memref<4xf32>) -> ()
      return
    }
    func.func private @help(%x: memref<4xf32>) {
      return
    }
  }

// Not for vectors of another width, nor for who lacks a feature of the owner.
// CHECK-LABEL: module @wide
// CHECK-NOT: schedule.shared
// CHECK-LABEL: module @less
// CHECK-NOT: schedule.shared
  module @wide attributes {schedule.target = {name = "wide", tune = "generic", features = ["avx", "avx2", "avx512f"], vector_bits = 512 : i64}} {
    func.func private @double_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %x[%task] : memref<4xf32>
      %d = arith.addf %v, %v : f32
      memref.store %d, %x[%task] : memref<4xf32>
      return
    }
  }
  module @less attributes {schedule.target = {name = "less", tune = "generic", features = ["avx2"], vector_bits = 256 : i64}} {
    func.func private @double_0(%x: memref<4xf32>, %task: index) attributes {schedule.kernel = "test.double"} {
      %v = memref.load %x[%task] : memref<4xf32>
      %d = arith.addf %v, %v : f32
      memref.store %d, %x[%task] : memref<4xf32>
      return
    }
  }
}

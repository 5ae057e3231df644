// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: dreamer-opt %s --dreamer-lower-to-llvm | FileCheck %s

// The entry takes services and buffers; what it was is internal. The address of each buffer is loaded.
// CHECK: llvm.func @score(%[[SERVICES:.*]]: !llvm.ptr, %[[BUFFERS:.*]]: !llvm.ptr) -> i32
// CHECK: %[[FIRST:.*]] = llvm.load %[[BUFFERS]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.getelementptr %[[BUFFERS]][1]
// CHECK: %[[STATUS:.*]] = llvm.call @score.schedule(%[[SERVICES]], %[[FIRST]], %{{.*}})
// CHECK: llvm.return %[[STATUS]]

// CHECK: llvm.func internal @score.schedule(%[[SERVICES:.*]]: !llvm.ptr, %[[ARENA:.*]]: !llvm.ptr, %[[IDS:.*]]: !llvm.ptr) -> i32
// CHECK-DAG: %[[TASKS:.*]] = llvm.mlir.addressof @many.tasks
// CHECK-DAG: %[[ONETASK:.*]] = llvm.mlir.addressof @one.tasks
// CHECK-DAG: %[[UNKNOWN:.*]] = llvm.mlir.constant(-1 : i64) : i64
// CHECK-DAG: %[[ID:.*]] = llvm.mlir.constant(17 : i64) : i64
// CHECK-DAG: %[[ONE:.*]] = llvm.mlir.constant(1 : index) : i64
// CHECK-DAG: %[[FOUR:.*]] = llvm.mlir.constant(4 : index) : i64
// CHECK-DAG: %[[SEVEN:.*]] = llvm.mlir.constant(7 : i32) : i32
// CHECK-DAG: %[[OK:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK-DAG: %[[CODE:.*]] = llvm.mlir.constant(2 : i32) : i32
// CHECK: %[[CLOSURE:.*]] = llvm.alloca
//        A range is checked by a loop without branches.
// CHECK: llvm.icmp "uge" %{{.*}}, %[[SEVEN]]
// CHECK: llvm.cond_br %{{.*}}, ^{{.*}}, ^[[FAIL:bb[0-9]+]]
// CHECK: "llvm.intr.memset"(%[[ARENA]]
//        Launches go through the services: id, step, tasks, body, closure.
// CHECK: llvm.store %[[ARENA]], %{{.*}}
// CHECK: llvm.getelementptr %[[SERVICES]][0, 2] {{.*}} !llvm.struct<(i32, i32, ptr, ptr)>
// CHECK: llvm.getelementptr %[[SERVICES]][0, 3]
// CHECK: llvm.call %{{.*}}(%{{.*}}, %[[UNKNOWN]], %[[UNKNOWN]], %[[ONE]], %[[ONETASK]], %{{.*}})
// CHECK: llvm.call %{{.*}}(%{{.*}}, %[[ID]], %[[FOUR]], %[[FOUR]], %[[TASKS]], %[[CLOSURE]])
// CHECK: llvm.return %[[OK]]
// CHECK: ^[[FAIL]]:
// CHECK: llvm.return %[[CODE]]

// CHECK: llvm.func internal @one.tasks
// CHECK: llvm.func internal @one(
// CHECK: llvm.func internal @many.tasks(%{{.*}}: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: llvm.br ^[[LOOP:.*]](%[[BEGIN]] : i64)
// CHECK: llvm.icmp "slt" %{{.*}}, %[[END]]
// CHECK: llvm.call @many(%{{.*}}, %{{.*}}, %{{.*}})
// CHECK: llvm.func internal @many(

module {
  module @"x86-64-v3" {
    func.func @score(%arena: memref<64xi8> {schedule.buffer = "arena"},
                     %ids: memref<24xi8> {schedule.buffer = "tensor"})
        attributes {schedule.entry = {inputs = [], outputs = []}} {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %i = memref.view %ids[%c0][] : memref<24xi8> to memref<2x3xi32>
      schedule.require_range %i in 0 to 7 else 2 : memref<2x3xi32>
      %x = memref.view %arena[%c0][] : memref<64xi8> to memref<16xf32>
      schedule.fill %x with 0 : memref<16xf32>
      schedule.launch @one tasks(%c1) (%x : memref<16xf32>)
      schedule.launch @many tasks(%c4) at(%c4) (%x, %c4 : memref<16xf32>, index) {id = 17}
      return
    }
    func.func private @one(%x: memref<16xf32>, %task: index) attributes {schedule.kernel = "test"} {
      return
    }
    func.func private @many(%x: memref<16xf32>, %n: index, %task: index) attributes {schedule.kernel = "test"} {
      return
    }
  }
}

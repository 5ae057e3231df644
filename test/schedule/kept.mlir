// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What follows from parameters alone is made when they have changed, in memory that all entries share
// and the session keeps.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3 --canonicalize --cse %s | FileCheck %s

// CHECK-LABEL: func.func @score
// CHECK-SAME: %[[KEPT:[a-z0-9]+]]: memref<[[BYTES:[0-9]+]]xi8> {schedule.buffer = "kept"}
// CHECK: %[[HEADER:.*]] = memref.view %[[KEPT]][%[[AT:c[0-9]+]]][] : memref<[[BYTES]]xi8> to memref<i64>
// CHECK: %[[GENERATION:.*]] = memref.view %[[KEPT]][%c0][] : memref<[[BYTES]]xi8> to memref<i64>
// CHECK: %[[NOW:.*]] = memref.load %[[GENERATION]][]
// CHECK: %[[THEN:.*]] = memref.load %[[HEADER]][]
// CHECK: %[[STALE:.*]] = arith.cmpi ne, %[[NOW]], %[[THEN]]
// CHECK: scf.if %[[STALE]] {
// CHECK: schedule.launch @pack_transposed_0
// CHECK: memref.store %[[NOW]], %[[HEADER]][]
// CHECK: }
// CHECK: scf.for
// CHECK-NOT: launch @pack
// CHECK: schedule.launch @linear_product_0
func.func @score(
    %x0: tensor<8x16xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x16xf32> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<8x16xf32> {dreamer.name = "y"}) {
  %x1 = dreamer.recur bound 3 init(%x0) : (tensor<8x16xf32>) -> tensor<8x16xf32> {
  ^bb0(%d: index, %x: tensor<8x16xf32>):
    %y = dreamer.linear %x, %w : tensor<8x16xf32>, tensor<16x16xf32>
    dreamer.yield carried(%y : tensor<8x16xf32>)
  }
  return %x1 : tensor<8x16xf32>
}

// The same thing lies in the same place. Another form of w has its own, and so has w in bf16, which is a
// value of the program; what is made of that is made before it is asked for.
// CHECK-LABEL: func.func @more
// CHECK-SAME: %[[KEPT:[a-z0-9]+]]: memref<[[BYTES]]xi8> {schedule.buffer = "kept"}
// CHECK: memref.view %[[KEPT]][%[[AT]]][] : memref<[[BYTES]]xi8> to memref<i64>
// CHECK: scf.if
// CHECK: schedule.launch @pack_transposed_0
// CHECK: scf.if
// CHECK: schedule.launch @pack_0
// CHECK: scf.if
// CHECK: schedule.launch @cast_0
// CHECK: scf.if
// CHECK: schedule.launch @pack_transposed_1
func.func @more(
    %x: tensor<8x16xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x16xf32> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<8x16xf32> {dreamer.name = "y"}) {
  %y = dreamer.linear %x, %w : tensor<8x16xf32>, tensor<16x16xf32>
  %z = dreamer.linear %y, %w {transpose} : tensor<8x16xf32>, tensor<16x16xf32>
  %narrow = dreamer.cast %w : tensor<16x16xf32> -> tensor<16x16xbf16>
  %a = dreamer.linear %z, %narrow : tensor<8x16xf32>, tensor<16x16xbf16>
  return %a : tensor<8x16xf32>
}

// An entry that changes parameters keeps nothing of them.
// CHECK-LABEL: func.func @train
// CHECK-NOT: "kept"
// CHECK-NOT: scf.if
// CHECK: schedule.launch @pack_transposed_
// CHECK: schedule.launch @linear_product_
func.func @train(
    %x: tensor<32x32xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<32x32xf32> {dreamer.name = "v", dreamer.role = "parameter"})
    -> (tensor<32x32xf32> {dreamer.updates = "v"}) {
  %y = dreamer.linear %x, %w : tensor<32x32xf32>, tensor<32x32xf32>
  return %y : tensor<32x32xf32>
}

// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where values that a loop carries cannot share memory they are copied: exchanged ones through memory of
// their own, an argument of the caller before it is written.
//
// RUN: dreamer-opt %s --dreamer-schedule=targets=x86-64-v3 -canonicalize -cse --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @exchange
// CHECK: memref.copy %{{.*}}, %[[A:.*]] : memref<4x16xf32> to
// CHECK: memref.copy %{{.*}}, %[[B:.*]] : memref<4x16xf32> to
// CHECK: scf.for
// CHECK:   memref.copy %[[B]], %[[HELD1:.*]] :
// CHECK:   memref.copy %[[A]], %[[HELD2:.*]] :
// CHECK:   memref.copy %[[HELD1]], %[[A]] :
// CHECK:   memref.copy %[[HELD2]], %[[B]] :
// CHECK: }
func.func @exchange(%a: tensor<4x16xf32> {dreamer.name = "a"}, %b: tensor<4x16xf32> {dreamer.name = "b"})
    -> (tensor<4x16xf32> {dreamer.name = "x"}, tensor<4x16xf32> {dreamer.name = "y"}) {
  %x, %y = dreamer.recur bound 3 init(%a, %b)
      : (tensor<4x16xf32>, tensor<4x16xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  ^bb0(%d: index, %xd: tensor<4x16xf32>, %yd: tensor<4x16xf32>):
    dreamer.yield carried(%yd, %xd : tensor<4x16xf32>, tensor<4x16xf32>)
  }
  return %x, %y : tensor<4x16xf32>, tensor<4x16xf32>
}

// -----

// The gradient of a shared weight: zero where the loop begins, filled in place, added to in place, in the
// buffer of the output.
// CHECK-LABEL: func.func @accumulate
// CHECK-SAME: memref<0xi8> {schedule.buffer = "arena"}
// CHECK-SAME: %[[SUM:[a-z0-9]*]]: memref<256xi8> {schedule.buffer = "tensor", schedule.name = "sum"}
// CHECK: %[[VIEW:.*]] = memref.view %[[SUM]]
// CHECK: schedule.fill %[[VIEW]] with 0
// CHECK: scf.for
// CHECK-NOT: memref.copy
// CHECK: schedule.launch @add{{.*}} (%[[VIEW]], %{{.*}}, %[[VIEW]] :
// CHECK: return
func.func @accumulate(%a: tensor<3x4x16xf32> {dreamer.name = "a"})
    -> (tensor<4x16xf32> {dreamer.name = "sum"}) {
  %zero = dreamer.zero : tensor<4x16xf32>
  %sum = dreamer.recur reverse bound 3 init(%zero) slices(%a)
      : (tensor<4x16xf32>, tensor<3x4x16xf32>) -> tensor<4x16xf32> {
  ^bb0(%d: index, %s: tensor<4x16xf32>, %ad: tensor<4x16xf32>):
    %n = dreamer.add %s, %ad : tensor<4x16xf32>, tensor<4x16xf32>
    dreamer.yield carried(%n : tensor<4x16xf32>)
  }
  return %sum : tensor<4x16xf32>
}

// -----

// A history is appended to in place, and read through the loop and after it.
// CHECK-LABEL: func.func @history
// CHECK: scf.for
// CHECK-NOT: memref.copy
// CHECK: schedule.launch @append{{.*}} (%[[H:.*]], %{{.*}} :
// CHECK-NOT: memref.copy
// CHECK: return
func.func @history(%x: tensor<4x16xf32> {dreamer.name = "x"})
    -> (tensor<3x4x16xf32> {dreamer.name = "history"}) {
  %none = dreamer.history %x {slots = 3, features = 16} : tensor<4x16xf32>
  %h = dreamer.recur bound 3 init(%none) : (tensor<3x4x16xf32>) -> tensor<3x4x16xf32> {
  ^bb0(%d: index, %hd: tensor<3x4x16xf32>):
    %n = dreamer.append %hd, %x, %d : tensor<3x4x16xf32>, tensor<4x16xf32>, index
    dreamer.yield carried(%n : tensor<3x4x16xf32>)
  }
  return %h : tensor<3x4x16xf32>
}

// -----

// A value that is needed after its update is copied before it.
// CHECK-LABEL: func.func @still_needed
// CHECK: memref.copy
// CHECK: schedule.launch @append
// CHECK: return
func.func @still_needed(%h: tensor<3x4x16xf32> {dreamer.name = "h"}, %x: tensor<4x16xf32> {dreamer.name = "x"})
    -> (tensor<3x4x16xf32> {dreamer.name = "new"}) {
  %slot = arith.constant 1 : index
  %n = dreamer.append %h, %x, %slot : tensor<3x4x16xf32>, tensor<4x16xf32>, index
  return %n : tensor<3x4x16xf32>
}

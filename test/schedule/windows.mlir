// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-schedule=targets=x86-64-v3 | FileCheck %s

// A loop in windows: stacks are cut and put together where they lie, and a launch tells the step of the
// whole loop.
// CHECK-LABEL: func.func @score
// CHECK: schedule.launch @window_count
// CHECK: scf.for %[[W:.*]] =
// CHECK: schedule.launch @window_steps
// CHECK: scf.for %[[I:.*]] =
// CHECK: %[[FIRST:.*]] = arith.muli %[[W]], %c2{{.*}} : index
// CHECK-NEXT: %[[STEP:.*]] = arith.addi %[[FIRST]], %[[I]] : index
// CHECK: schedule.launch @scale{{.*}} at(%[[STEP]])
// CHECK-NOT: schedule.launch @split
// CHECK-NOT: schedule.launch @merge
// CHECK: return
func.func @score(%n: tensor<i32> {dreamer.name = "n"}, %x: tensor<4x8xf32> {dreamer.name = "x"})
    -> (tensor<4x8xf32> {dreamer.name = "y"}) {
  %count = dreamer.window_count %n {size = 2 : i64} : tensor<i32>
  %s = dreamer.split %x {axis = 0, parts = 2} : tensor<4x8xf32>
  %r = dreamer.recur depth(%count) bound 2 slices(%s) : (tensor<i32>, tensor<2x2x8xf32>) -> tensor<2x2x8xf32> {
  ^bb0(%w: index, %part: tensor<2x8xf32>):
    %steps = dreamer.window_steps %n, %w {size = 2 : i64} : tensor<i32>, index
    %q = dreamer.recur depth(%steps) bound 2 slices(%part) {dreamer.window} : (tensor<i32>, tensor<2x8xf32>) -> tensor<2x8xf32> {
    ^bb0(%i: index, %xi: tensor<8xf32>):
      %y = dreamer.scale %xi {factor = 2.0 : f64} : tensor<8xf32>
      dreamer.yield stacked(%y : tensor<8xf32>)
    }
    dreamer.yield stacked(%q : tensor<2x8xf32>)
  }
  %m = dreamer.merge %r {axis = 0} : tensor<2x2x8xf32>
  return %m : tensor<4x8xf32>
}

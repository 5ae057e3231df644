// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-defer-gradients=which=all --canonicalize | FileCheck %s
// RUN: dreamer-opt %s --dreamer-defer-gradients="which=all window=2" --canonicalize | FileCheck %s --check-prefix=WINDOW
// RUN: dreamer-opt %s --dreamer-defer-gradients="which=all window=1" --canonicalize | FileCheck %s --check-prefix=NONE
// RUN: dreamer-opt %s --dreamer-defer-gradients="which=none" --canonicalize | FileCheck %s --check-prefix=NONE
// RUN: dreamer-opt %s --dreamer-defer-gradients="window=3" --canonicalize | FileCheck %s --check-prefix=NONE

// A slice serves as it is, what the step makes is stacked, and a sum that starts with nothing is none.
// The depth of the loop is 4, of which 3 is no divisor; a row of 2 saves less than it moves.
// CHECK: dreamer.plan = [{bytes = 64 : i64, decision = "deferred", flops = 0 : i64, function = "sum", operation = "linear_weight_grad", part = "other", reason = "asked for", rows = 2 : i64, steps = 4 : i64, subject = "gradient", sum_bytes = 8 : i64, window = 4 : i64}
// CHECK-LABEL: @sum
// CHECK-SAME: %[[DX:[^:]*]]: tensor<2x2xf32>, %[[XS:[^:]*]]: tensor<4x2x1xf32>
// CHECK: %[[R:.*]]:2 = dreamer.recur reverse bound 4 init(%[[DX]]) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<4x2x2xf32>)
// CHECK-NEXT: ^bb0(%{{.*}}: index, %[[D:.*]]: tensor<2x2xf32>):
// CHECK-NEXT: %[[NEXT:.*]] = dreamer.scale %[[D]]
// CHECK-NEXT: dreamer.yield carried(%[[NEXT]] : tensor<2x2xf32>) stacked(%[[NEXT]] : tensor<2x2xf32>)
// CHECK: %[[DW:.*]] = dreamer.linear_weight_grad %[[R]]#1, %[[XS]] : tensor<4x2x2xf32>, tensor<4x2x1xf32>
// CHECK: return %[[R]]#0, %[[DW]]

// Two windows of two steps: the sum is carried from one to the next.
// WINDOW-LABEL: @sum
// WINDOW-SAME: %[[DX:[^:]*]]: tensor<2x2xf32>, %[[XS:[^:]*]]: tensor<4x2x1xf32>
// WINDOW: %[[ZERO:.*]] = dreamer.zero : tensor<2x1xf32>
// WINDOW: %[[SPLIT:.*]] = dreamer.split %[[XS]] {axis = 0 : i64, parts = 2 : i64}
// WINDOW: dreamer.recur reverse bound 2 init(%[[DX]], %[[ZERO]]) slices(%[[SPLIT]])
// WINDOW: ^bb0(%{{.*}}: index, %[[D0:.*]]: tensor<2x2xf32>, %[[SUM:.*]]: tensor<2x1xf32>, %[[X:.*]]: tensor<2x2x1xf32>):
// WINDOW: %[[IN:.*]]:2 = dreamer.recur reverse bound 2 init(%[[D0]]) {dreamer.window} : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2x2xf32>)
// WINDOW: %[[NEXT:.*]] = dreamer.linear_weight_grad %[[IN]]#1, %[[X]] into(%[[SUM]])
// WINDOW: dreamer.yield carried(%[[IN]]#0, %[[NEXT]]

// NONE-LABEL: @sum
// NONE-COUNT-1: dreamer.recur
// NONE: dreamer.linear_weight_grad {{.*}} into
// NONE-NEXT: dreamer.yield
func.func @sum(%dx: tensor<2x2xf32>, %xs: tensor<4x2x1xf32>) -> (tensor<2x2xf32>, tensor<2x1xf32>) {
  %zero = dreamer.zero : tensor<2x1xf32>
  %r:2 = dreamer.recur reverse bound 4 init(%dx, %zero) slices(%xs)
      : (tensor<2x2xf32>, tensor<2x1xf32>, tensor<4x2x1xf32>) -> (tensor<2x2xf32>, tensor<2x1xf32>) {
  ^bb0(%d: index, %dy: tensor<2x2xf32>, %sum: tensor<2x1xf32>, %x: tensor<2x1xf32>):
    %next = dreamer.scale %dy {factor = 2.0 : f64} : tensor<2x2xf32>
    %dw = dreamer.linear_weight_grad %next, %x into(%sum) : tensor<2x2xf32>, tensor<2x1xf32>, tensor<2x1xf32>
    dreamer.yield carried(%next, %dw : tensor<2x2xf32>, tensor<2x1xf32>)
  }
  return %r#0, %r#1 : tensor<2x2xf32>, tensor<2x1xf32>
}

// A depth of run time becomes one of windows and one of their steps; indices and stacked values are
// those of the whole loop.
// WINDOW-LABEL: @depth
// WINDOW-SAME: %[[N:[^:]*]]: tensor<i32>
// WINDOW: %[[C2:.*]] = arith.constant 2 : index
// WINDOW: %[[COUNT:.*]] = dreamer.window_count %[[N]] {size = 2 : i64}
// WINDOW: %[[OUT:.*]]:2 = dreamer.recur reverse depth(%[[COUNT]]) bound 2
// WINDOW-SAME: -> (tensor<3x2xf32>, tensor<2x2x4x3xf32>)
// WINDOW: ^bb0(%[[W:.*]]: index, %[[SUM:[^:]*]]: tensor<3x2xf32>, %{{.*}}
// WINDOW: %[[STEPS:.*]] = dreamer.window_steps %[[N]], %[[W]] {size = 2 : i64}
// WINDOW: %[[FIRST:.*]] = arith.muli %[[W]], %[[C2]]
// WINDOW: dreamer.recur reverse depth(%[[STEPS]]) bound 2
// WINDOW: ^bb0(%[[I:.*]]: index
// WINDOW: %[[D:.*]] = arith.addi %[[FIRST]], %[[I]]
// WINDOW: dreamer.rotary %{{.*}}, %[[D]]
// WINDOW: %[[ALL:.*]] = dreamer.merge %[[OUT]]#1 {axis = 0 : i64} : tensor<2x2x4x3xf32>
// WINDOW: return %[[OUT]]#0, %[[ALL]]
func.func @depth(%n: tensor<i32>, %dw0: tensor<3x2xf32>, %ys: tensor<4x4x3xf32>, %xs: tensor<4x4x2xf32>)
    -> (tensor<3x2xf32>, tensor<4x4x3xf32>) {
  %r:2 = dreamer.recur reverse depth(%n) bound 4 init(%dw0) slices(%ys, %xs)
      : (tensor<i32>, tensor<3x2xf32>, tensor<4x4x3xf32>, tensor<4x4x2xf32>)
      -> (tensor<3x2xf32>, tensor<4x4x3xf32>) {
  ^bb0(%d: index, %sum: tensor<3x2xf32>, %y: tensor<4x3xf32>, %x: tensor<4x2xf32>):
    %v = dreamer.rotary %x, %d {head_dim = 2 : i64, theta = 10.0 : f64} : tensor<4x2xf32>, index
    %dw = dreamer.linear_weight_grad %y, %v into(%sum) : tensor<4x3xf32>, tensor<4x2xf32>, tensor<3x2xf32>
    dreamer.yield carried(%dw : tensor<3x2xf32>) stacked(%y : tensor<4x3xf32>)
  }
  return %r#0, %r#1 : tensor<3x2xf32>, tensor<4x4x3xf32>
}

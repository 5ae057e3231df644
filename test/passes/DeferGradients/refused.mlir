// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-defer-gradients=which=all --split-input-file | FileCheck %s
// RUN: not dreamer-opt %s --dreamer-defer-gradients=window=-1 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: expected a window of 1 or more steps, or 0 for all; found -1

// Rows that are the same in every step are not the loop's to stack.
// CHECK: decision = "every step"{{.*}}reason = "its rows come from outside of the loop"
// CHECK-LABEL: @outside
// CHECK: dreamer.linear_weight_grad {{.*}} into
// CHECK-NEXT: dreamer.yield
func.func @outside(%x: tensor<2x4xf32>, %dw0: tensor<4x4xf32>, %ys: tensor<3x2x4xf32>) -> tensor<4x4xf32> {
  %r = dreamer.recur reverse bound 3 init(%dw0) slices(%ys)
      : (tensor<4x4xf32>, tensor<3x2x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%d: index, %sum: tensor<4x4xf32>, %y: tensor<2x4xf32>):
    %dw = dreamer.linear_weight_grad %y, %x into(%sum) : tensor<2x4xf32>, tensor<2x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%dw : tensor<4x4xf32>)
  }
  return %r : tensor<4x4xf32>
}

// -----

// A sum that the step itself reads is needed in the step.
// CHECK-LABEL: @read
// CHECK: dreamer.linear_weight_grad {{.*}} into
// CHECK-NEXT: dreamer.yield
func.func @read(%dw0: tensor<4x4xf32>, %ys: tensor<3x4x4xf32>) -> (tensor<4x4xf32>, tensor<3x4x4xf32>) {
  %r:2 = dreamer.recur reverse bound 3 init(%dw0) slices(%ys)
      : (tensor<4x4xf32>, tensor<3x4x4xf32>) -> (tensor<4x4xf32>, tensor<3x4x4xf32>) {
  ^bb0(%d: index, %sum: tensor<4x4xf32>, %y: tensor<4x4xf32>):
    %z = dreamer.add %sum, %y : tensor<4x4xf32>, tensor<4x4xf32>
    %dw = dreamer.linear_weight_grad %y, %z into(%sum) : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%dw : tensor<4x4xf32>) stacked(%z : tensor<4x4xf32>)
  }
  return %r#0, %r#1 : tensor<4x4xf32>, tensor<3x4x4xf32>
}

// -----

// The forward direction is not the reverse pass: parts of a batch are cut to save memory.
// CHECK-LABEL: @parts
// CHECK: dreamer.linear_weight_grad {{.*}} into
// CHECK-NEXT: dreamer.yield
func.func @parts(%dw0: tensor<4x4xf32>, %ys: tensor<3x2x4xf32>) -> tensor<4x4xf32> {
  %r = dreamer.recur bound 3 init(%dw0) slices(%ys) : (tensor<4x4xf32>, tensor<3x2x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%d: index, %sum: tensor<4x4xf32>, %y: tensor<2x4xf32>):
    %dw = dreamer.linear_weight_grad %y, %y into(%sum) : tensor<2x4xf32>, tensor<2x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%dw : tensor<4x4xf32>)
  }
  return %r : tensor<4x4xf32>
}

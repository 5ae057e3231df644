// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// What is marked is computed again from what is kept; its copy is not marked.
// CHECK-LABEL: @marked
// CHECK: dreamer.recur bound 2
// CHECK: ^bb0(%{{.*}}: index, %[[X:.*]]: tensor<2x4xf32>):
// CHECK: dreamer.rms_norm %[[X]], %{{.*}} {dreamer.recompute, eps
// CHECK: dreamer.yield carried(%{{.*}}) stacked(%[[X]] : tensor<2x4xf32>)
// CHECK: dreamer.recur reverse bound 2
// CHECK: ^bb0({{.*}}, %[[KEPT:[^:]*]]: tensor<2x4xf32>):
// CHECK: %[[U:.*]] = dreamer.rms_norm %[[KEPT]], %{{.*}} {eps
// CHECK: dreamer.linear_weight_grad %{{.*}}, %[[U]]
func.func @marked(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %y = dreamer.recur bound 2 init(%x) : (tensor<2x4xf32>) -> tensor<2x4xf32> {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %u = dreamer.rms_norm %xd, %g {eps = 0.1, dreamer.recompute} : tensor<2x4xf32>, tensor<4xf32>
    %next = dreamer.linear %u, %w : tensor<2x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%next : tensor<2x4xf32>)
  }
  return %y : tensor<2x4xf32>
}

// RUN: dreamer-opt %s --dreamer-differentiate=function=chosen | FileCheck %s
// RUN: not dreamer-opt %s --dreamer-differentiate=function=missing 2>&1 | FileCheck %s --check-prefix=MISSING

// MISSING: error: expected a function @missing to differentiate, found none

// Only parameters get gradients, under their names; the loss is found by its name.
// CHECK-LABEL: @chosen
// CHECK-SAME: -> (tensor<2x3xf32> {dreamer.name = "logits"}, tensor<f32> {dreamer.name = "loss"}, tensor<3x3xf32> {dreamer.name = "grad.w"})
// CHECK-NOT: transpose
// CHECK: %[[D:.*]] = dreamer.linear_weight_grad
// CHECK: return %{{.*}}, %{{.*}}, %[[D]]
func.func @chosen(%x: tensor<2x3xf32> {dreamer.name = "x", dreamer.role = "input"},
                  %w: tensor<3x3xf32> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<2x3xf32> {dreamer.name = "logits"}, tensor<f32> {dreamer.name = "loss"}) {
  %targets = arith.constant dense<0> : tensor<2xi32>
  %count = dreamer.count_targets %targets : tensor<2xi32>
  %y = dreamer.linear %x, %w : tensor<2x3xf32>, tensor<3x3xf32>
  %loss, %token_loss, %lse = dreamer.cross_entropy %y, %targets, %count
      : tensor<2x3xf32>, tensor<2xi32>, tensor<f32>
  return %y, %loss : tensor<2x3xf32>, tensor<f32>
}

// CHECK-LABEL: @other
// CHECK-NOT: grad
func.func @other(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  return %x : tensor<2x3xf32>
}

// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// Both cotangents come from one operation.
// CHECK-LABEL: @linear_cross_entropy
// CHECK-SAME: (%[[X:[^:]*]]: tensor<2x4xf32>, %[[W:[^:]*]]: tensor<5x4xf32>) ->
// CHECK: %[[TARGETS:.*]] = arith.constant dense<[3, -1]>
// CHECK: %[[COUNT:.*]] = dreamer.count_targets
// CHECK: %[[LOSS:.*]], %{{.*}}, %{{.*}} = dreamer.linear_cross_entropy %[[X]], %[[W]]
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<f32>
// CHECK: %{{.*}}, %{{.*}}, %{{.*}}, %[[DX:.*]], %[[DW:.*]] = dreamer.linear_cross_entropy_grad %[[X]], %[[W]], %[[TARGETS]], %[[COUNT]], %[[ONE]] {z_loss = 1.000000e-01 : f64}
// CHECK: return %[[LOSS]], %[[DX]], %[[DW]]
func.func @linear_cross_entropy(%x: tensor<2x4xf32>, %w: tensor<5x4xf32>) -> tensor<f32> {
  %targets = arith.constant dense<[3, -1]> : tensor<2xi32>
  %count = dreamer.count_targets %targets : tensor<2xi32>
  %loss, %token_loss, %lse = dreamer.linear_cross_entropy %x, %w, %targets, %count {z_loss = 0.1}
      : tensor<2x4xf32>, tensor<5x4xf32>, tensor<2xi32>, tensor<f32>
  return %loss : tensor<f32>
}

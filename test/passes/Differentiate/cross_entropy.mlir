// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// A scalar result is a loss: its cotangent is 1.
// CHECK-LABEL: @cross_entropy
// CHECK-SAME: (%[[LOGITS:[^:]*]]: tensor<2x5xf32>) ->
// CHECK-SAME: tensor<2x5xf32> {dreamer.name = "grad.arg0"}
// CHECK: %[[TARGETS:.*]] = arith.constant dense<[3, -1]>
// CHECK: %[[COUNT:.*]] = dreamer.count_targets
// CHECK: %[[LOSS:.*]], %{{.*}}, %[[LSE:.*]] = dreamer.cross_entropy
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<f32>
// CHECK: %[[D:.*]] = dreamer.cross_entropy_grad %[[LOGITS]], %[[TARGETS]], %[[COUNT]], %[[LSE]], %[[ONE]] {z_loss = 1.000000e-01 : f64}
// CHECK: return %[[LOSS]], %[[D]]
func.func @cross_entropy(%logits: tensor<2x5xf32>) -> tensor<f32> {
  %targets = arith.constant dense<[3, -1]> : tensor<2xi32>
  %count = dreamer.count_targets %targets : tensor<2xi32>
  %loss, %token_loss, %lse = dreamer.cross_entropy %logits, %targets, %count {z_loss = 0.1}
      : tensor<2x5xf32>, tensor<2xi32>, tensor<f32>
  return %loss : tensor<f32>
}

// CHECK-LABEL: @nothing_to_predict
// CHECK: dreamer.cross_entropy_grad
func.func @nothing_to_predict(%logits: tensor<2x5xf32>) -> tensor<f32> {
  %targets = arith.constant dense<-1> : tensor<2xi32>
  %count = dreamer.count_targets %targets : tensor<2xi32>
  %loss, %token_loss, %lse = dreamer.cross_entropy %logits, %targets, %count
      : tensor<2x5xf32>, tensor<2xi32>, tensor<f32>
  return %loss : tensor<f32>
}

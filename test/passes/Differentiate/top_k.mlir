// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// The choice is a constant; gradients flow through the gates of what was chosen.
// CHECK-LABEL: @choice
// CHECK-SAME: %[[S:[^:]*]]: tensor<2x4xf32>, %{{[^:]*}}: tensor<4xf32>, %[[SEED:[^:]*]]: tensor<2x2xf32>
// CHECK: %[[CHOSEN:.*]] = dreamer.top_k
// CHECK: %[[IDS:.*]] = dreamer.replay %{{.*}}, %[[CHOSEN]]
// CHECK: %[[DS:.*]] = dreamer.gates_grad %[[S]], %[[IDS]], %[[SEED]]
// CHECK: %[[DB:.*]] = dreamer.zero : tensor<4xf32>
// CHECK: return %{{.*}}, %[[DS]], %[[DB]]
func.func @choice(%scores: tensor<2x4xf32>, %bias: tensor<4xf32>) -> tensor<2x2xf32> {
  %given = arith.constant dense<[[-1, -1], [3, 1]]> : tensor<2x2xi32>
  %chosen = dreamer.top_k %scores, %bias {k = 2} : tensor<2x4xf32>, tensor<4xf32>
  %ids = dreamer.replay %given, %chosen : tensor<2x2xi32>, tensor<2x2xi32>
  %g = dreamer.gates %scores, %ids : tensor<2x4xf32>, tensor<2x2xi32>
  return %g : tensor<2x2xf32>
}

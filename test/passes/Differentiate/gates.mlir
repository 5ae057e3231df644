// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @gates
// CHECK-SAME: %[[S:[^:]*]]: tensor<2x4xf32>, %[[SEED:[^:]*]]: tensor<2x2xf32>
// CHECK: %[[IDS:.*]] = arith.constant
// CHECK: %[[D:.*]] = dreamer.gates_grad %[[S]], %[[IDS]], %[[SEED]]
// CHECK: return %{{.*}}, %[[D]]
func.func @gates(%scores: tensor<2x4xf32>) -> tensor<2x2xf32> {
  %ids = arith.constant dense<[[2, 0], [1, 3]]> : tensor<2x2xi32>
  %g = dreamer.gates %scores, %ids : tensor<2x4xf32>, tensor<2x2xi32>
  return %g : tensor<2x2xf32>
}

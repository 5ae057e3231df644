// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// Ids that are given and ids that are chosen are constants alike.
// CHECK-LABEL: @replay
// CHECK: %[[IDS:.*]] = dreamer.replay
// CHECK: dreamer.gates_grad %{{.*}}, %[[IDS]]
// CHECK-NOT: dreamer.add
func.func @replay(%scores: tensor<2x4xf32>) -> tensor<2x2xf32> {
  %given = arith.constant dense<[[-1, -1], [3, 1]]> : tensor<2x2xi32>
  %chosen = arith.constant dense<[[0, 2], [0, 2]]> : tensor<2x2xi32>
  %ids = dreamer.replay %given, %chosen : tensor<2x2xi32>, tensor<2x2xi32>
  %g = dreamer.gates %scores, %ids : tensor<2x4xf32>, tensor<2x2xi32>
  return %g : tensor<2x2xf32>
}

// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @expert_linear
// CHECK-SAME: %[[U:[^:]*]]: tensor<2x3xf32>, %[[W1:[^:]*]]: tensor<4x5x3xf32>, %[[W3:[^:]*]]: tensor<4x5x3xf32>, %[[SEED:[^:]*]]: tensor<2x2x5xf32>
// CHECK: %[[IDS:.*]] = arith.constant
// CHECK: %[[SUM:.*]] = dreamer.add
// CHECK: %[[DU:.*]] = dreamer.expert_linear_grad(%[[W1]], %[[W3]]), (%[[SEED]], %[[SEED]]), %[[IDS]]
// CHECK: %[[DW:.*]]:2 = dreamer.expert_weight_grad(%[[SEED]], %[[SEED]]), %[[U]], %[[IDS]] {experts = 4 : i64}
// CHECK: return %[[SUM]], %[[DU]], %[[DW]]#0, %[[DW]]#1
func.func @expert_linear(%u: tensor<2x3xf32>, %w1: tensor<4x5x3xf32>, %w3: tensor<4x5x3xf32>) -> tensor<2x2x5xf32> {
  %ids = arith.constant dense<[[2, 0], [1, 2]]> : tensor<2x2xi32>
  %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
      : tensor<4x5x3xf32>, tensor<4x5x3xf32>, tensor<2x3xf32>, tensor<2x2xi32>
  %sum = dreamer.add %a, %b : tensor<2x2x5xf32>, tensor<2x2x5xf32>
  return %sum : tensor<2x2x5xf32>
}

// What nothing follows from gets nothing.
// CHECK-LABEL: @one_of_two
// CHECK-SAME: %[[W1:[^:]*]]: tensor<4x5x3xf32>, %[[W3:[^:]*]]: tensor<4x5x3xf32>, %[[SEED:[^:]*]]: tensor<2x2x5xf32>
// CHECK: dreamer.expert_linear_grad(%[[W3]]), (%[[SEED]]),
// CHECK: dreamer.expert_weight_grad(%[[SEED]]),
func.func @one_of_two(%u: tensor<2x3xf32>, %w1: tensor<4x5x3xf32>, %w3: tensor<4x5x3xf32>) -> tensor<2x2x5xf32> {
  %ids = arith.constant dense<[[2, 0], [1, 2]]> : tensor<2x2xi32>
  %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
      : tensor<4x5x3xf32>, tensor<4x5x3xf32>, tensor<2x3xf32>, tensor<2x2xi32>
  return %b : tensor<2x2x5xf32>
}

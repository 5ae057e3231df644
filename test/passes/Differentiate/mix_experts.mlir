// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @mix_experts
// CHECK-SAME: %[[U:[^:]*]]: tensor<2x3xf32>, %[[G:[^:]*]]: tensor<2x2xf32>, %[[W1:[^:]*]]: tensor<4x5x3xf32>, %[[W3:[^:]*]]: tensor<4x5x3xf32>, %[[W2:[^:]*]]: tensor<4x3x5xf32>, %[[SEED:[^:]*]]: tensor<2x3xf32>
// CHECK: %[[IDS:.*]] = arith.constant
// CHECK: %[[DU:.*]], %[[DG:.*]], %[[DA:.*]], %[[DB:.*]], %[[GATED:.*]] = dreamer.mix_experts_grad %[[U]], %[[IDS]], %[[G]], %[[W1]], %[[W3]], %[[W2]], %[[SEED]]
// CHECK: %[[D13:.*]]:2 = dreamer.expert_weight_grad(%[[DA]], %[[DB]]), %[[U]], %[[IDS]] {experts = 4 : i64}
// CHECK: %[[D2:.*]] = dreamer.expert_weight_grad(%[[SEED]]), %[[GATED]], %[[IDS]] {experts = 4 : i64}
// CHECK: return %{{.*}}, %[[DU]], %[[DG]], %[[D13]]#0, %[[D13]]#1, %[[D2]]
func.func @mix_experts(%u: tensor<2x3xf32>, %gates: tensor<2x2xf32>, %w1: tensor<4x5x3xf32>,
                       %w3: tensor<4x5x3xf32>, %w2: tensor<4x3x5xf32>) -> tensor<2x3xf32> {
  %ids = arith.constant dense<[[2, 0], [1, 2]]> : tensor<2x2xi32>
  %y = dreamer.mix_experts %u, %ids, %gates, %w1, %w3, %w2
      : tensor<2x3xf32>, tensor<2x2xi32>, tensor<2x2xf32>, tensor<4x5x3xf32>, tensor<4x5x3xf32>, tensor<4x3x5xf32>
  return %y : tensor<2x3xf32>
}

// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @mix_experts
// CHECK-SAME: %[[A:[^:]*]]: tensor<2x2x5xf32>, %[[B:[^:]*]]: tensor<2x2x5xf32>, %[[G:[^:]*]]: tensor<2x2xf32>, %[[W2:[^:]*]]: tensor<4x3x5xf32>, %[[SEED:[^:]*]]: tensor<2x3xf32>
// CHECK: %[[IDS:.*]] = arith.constant
// CHECK: %[[DA:.*]], %[[DB:.*]], %[[DG:.*]], %[[GATED:.*]] = dreamer.mix_experts_grad %[[A]], %[[B]], %[[IDS]], %[[G]], %[[W2]], %[[SEED]]
// CHECK: %[[D2:.*]] = dreamer.expert_weight_grad(%[[SEED]]), %[[GATED]], %[[IDS]] {experts = 4 : i64}
// CHECK: return %{{.*}}, %[[DA]], %[[DB]], %[[DG]], %[[D2]]
func.func @mix_experts(%a: tensor<2x2x5xf32>, %b: tensor<2x2x5xf32>, %gates: tensor<2x2xf32>,
                       %w2: tensor<4x3x5xf32>) -> tensor<2x3xf32> {
  %ids = arith.constant dense<[[2, 0], [1, 2]]> : tensor<2x2xi32>
  %y = dreamer.mix_experts %a, %b, %ids, %gates, %w2
      : tensor<2x2x5xf32>, tensor<2x2x5xf32>, tensor<2x2xi32>, tensor<2x2xf32>, tensor<4x3x5xf32>
  return %y : tensor<2x3xf32>
}

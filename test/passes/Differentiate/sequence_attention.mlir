// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @sequence_attention
// CHECK-SAME: %[[Q:[^:]*]]: tensor<2x3x8xf32>, %[[K:[^:]*]]: tensor<2x3x4xf32>, %[[V:[^:]*]]: tensor<2x3x4xf32>, %[[SEED:[^:]*]]: tensor<2x3x8xf32>
// CHECK: %[[Y:.*]], %[[LSE:.*]] = dreamer.sequence_attention
// CHECK: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = dreamer.sequence_attention_grad %[[Q]], %[[K]], %[[V]], %[[Y]], %[[LSE]], %[[SEED]] {heads = 4 : i64, kv_heads = 2 : i64}
// CHECK: return %[[Y]], %[[DQ]], %[[DK]], %[[DV]]
func.func @sequence_attention(%q: tensor<2x3x8xf32>, %k: tensor<2x3x4xf32>, %v: tensor<2x3x4xf32>)
    -> tensor<2x3x8xf32> {
  %y, %lse = dreamer.sequence_attention %q, %k, %v {heads = 4, kv_heads = 2}
      : tensor<2x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>
  return %y : tensor<2x3x8xf32>
}

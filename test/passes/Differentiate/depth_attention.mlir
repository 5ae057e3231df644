// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @depth_attention
// CHECK-SAME: %[[Q:[^:]*]]: tensor<2x8xf32>, %[[K:[^:]*]]: tensor<3x2x4xf32>, %[[V:[^:]*]]: tensor<3x2x4xf32>, %[[SEED:[^:]*]]: tensor<2x8xf32>
// CHECK: %[[N:.*]] = arith.constant 2 : index
// CHECK: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = dreamer.depth_attention_grad %[[Q]], %[[K]], %[[V]], %[[N]], %[[SEED]] {heads = 4 : i64, kv_heads = 2 : i64}
// CHECK: return %{{.*}}, %[[DQ]], %[[DK]], %[[DV]]
func.func @depth_attention(%q: tensor<2x8xf32>, %k: tensor<3x2x4xf32>, %v: tensor<3x2x4xf32>)
    -> tensor<2x8xf32> {
  %count = arith.constant 2 : index
  %y = dreamer.depth_attention %q, %k, %v, %count {heads = 4, kv_heads = 2}
      : tensor<2x8xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index
  return %y : tensor<2x8xf32>
}

// Attention over nothing gives zero, and zero gradients.
// CHECK-LABEL: @empty
// CHECK: dreamer.depth_attention_grad
func.func @empty(%q: tensor<2x8xf32>, %k: tensor<3x2x4xf32>, %v: tensor<3x2x4xf32>)
    -> tensor<2x8xf32> {
  %count = arith.constant 0 : index
  %y = dreamer.depth_attention %q, %k, %v, %count {heads = 4, kv_heads = 2}
      : tensor<2x8xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index
  return %y : tensor<2x8xf32>
}

// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// A history takes nothing but its shape from `like`.
// CHECK-LABEL: @history
// CHECK-SAME: %{{[^:]*}}: tensor<2x4xf32>, %[[SEED:[^:]*]]: tensor<2x4xf32>
// CHECK: %[[H:.*]] = dreamer.append
// CHECK: %{{.*}}, %[[DK:.*]], %[[DV:.*]] = dreamer.depth_attention_grad
// CHECK: %[[D:.*]] = dreamer.slot
// CHECK: return %{{.*}}, %[[D]]
func.func @history(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %slot = arith.constant 0 : index
  %count = arith.constant 1 : index
  %q = arith.constant dense<1.0> : tensor<2x4xf32>
  %none = dreamer.history %x {slots = 3, features = 4} : tensor<2x4xf32>
  %history = dreamer.append %none, %x, %slot : tensor<3x2x4xf32>, tensor<2x4xf32>, index
  %y = dreamer.depth_attention %q, %history, %history, %count {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index
  return %y : tensor<2x4xf32>
}

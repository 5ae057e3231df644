// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// The history's cotangent passes as it is; the value's is its slot.
// CHECK-LABEL: @append
// CHECK: %[[SLOT:.*]] = arith.constant 1 : index
// CHECK: %{{.*}}, %[[DK:.*]], %[[DV:.*]] = dreamer.depth_attention_grad
// CHECK: %[[SUM:.*]] = dreamer.add %[[DK]], %[[DV]]
// CHECK: %[[D:.*]] = dreamer.slot %[[SUM]], %[[SLOT]]
// CHECK: return %{{.*}}, %{{.*}}, %[[D]]
func.func @append(%q: tensor<2x4xf32>, %value: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %slot = arith.constant 1 : index
  %count = arith.constant 2 : index
  %first = arith.constant dense<0.5> : tensor<3x2x4xf32>
  %history = dreamer.append %first, %value, %slot : tensor<3x2x4xf32>, tensor<2x4xf32>, index
  %y = dreamer.depth_attention %q, %history, %history, %count {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index
  return %y : tensor<2x4xf32>
}

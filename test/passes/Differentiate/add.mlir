// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @add
// CHECK-SAME: %[[SEED:[^:]*]]: tensor<2x3xf32> {dreamer.name = "seed"}
// CHECK: return %{{.*}}, %[[SEED]], %[[SEED]]
func.func @add(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.add %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: @twice
// CHECK-SAME: %[[SEED:[^:]*]]: tensor<2x3xf32> {dreamer.name = "seed"}
// CHECK: %[[D:.*]] = dreamer.add %[[SEED]], %[[SEED]]
// CHECK: return %{{.*}}, %[[D]]
func.func @twice(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.add %a, %a : tensor<2x3xf32>, tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

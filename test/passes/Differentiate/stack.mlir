// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @stack
// CHECK-SAME: %[[SEED:[^:]*]]: tensor<2x3xf32> {dreamer.name = "seed"}
// CHECK: %[[D:.*]]:2 = dreamer.unstack %[[SEED]]
// CHECK: return %{{.*}}, %[[D]]#0, %[[D]]#1
func.func @stack(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.stack %a, %b : tensor<3xf32>, tensor<3xf32>
  return %y : tensor<2x3xf32>
}
